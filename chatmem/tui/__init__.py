"""The terminal app: one file per screen or widget. Nothing outside this package imports Textual."""
