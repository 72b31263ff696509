"""The door: ``python tui.py`` opens the app."""

from chatmem.cli import main

if __name__ == "__main__":
    main()
