"""``chatmem serve``: the app in a web browser."""

from __future__ import annotations

import secrets

import click

from chatmem.cli.terminal import load, note


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=8421, show_default=True, help="Port to serve on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on; another than this lets others on the network in.")
def serve_command(port: int, host: str) -> None:
    """Open the app in a web browser on this machine."""
    from chatmem.web import loopback, serve

    load()  # a wrong setting is said here, and not in the browser
    if not loopback(host):
        note("Whoever has this address and token can read and change everything, and the connection is not encrypted.")

    def say(address: str) -> None:
        click.echo(address)
        note("Open this address in a browser; keep it to yourself. One visitor at a time. Ctrl+C ends it.")

    serve(host, port, secrets.token_urlsafe(24), say)
