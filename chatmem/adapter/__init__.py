"""The adapter that teaches the bundled model to use memory: its data, training, export and measurement.

Nothing here runs with the app: the finished adapter is ``data/adapter/``. Training needs the extra ``train`` (torch).
"""
