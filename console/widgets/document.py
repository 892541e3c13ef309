"""A document that was made for the person: to read, to copy, to keep in a file."""

# Textual leaves the parameters of App and Screen open.
# pyright: reportUnknownMemberType=false

import asyncio
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from console.widgets.dialog import Ask, Deed, DeedDialog, TextDialog
from ops.errors import OperatorError
from ops.new_file import write_new
from settings import Network


class DocumentDialog(TextDialog):
    """Text that `w` writes to a new file."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("w", "write", "write", show=False)]
    KEYS = "j k scroll, y copies, w writes a file, Esc leaves"

    def __init__(self, title: str, text: str, name: str, network: Network, *, writes: bool) -> None:
        """`name` is what the file is called unless the person says otherwise; only where `writes` can there be one."""
        super().__init__(title, text)
        self._name = name
        self._network = network
        self._writes = writes

    @work(exclusive=True, group="deed", exit_on_error=False)
    async def action_write(self) -> None:
        """Ask for a name, and write the file."""
        if not self._writes:
            self._tell("This console writes no file: y copies, and the command line prints the same.")
            return
        means = ("Nobody else can read the file. One that is there already is left alone.",)
        ask = Ask("path", "File:", self._name, lambda words: None if words else "A name is needed.")
        answers = await self.app.push_screen_wait(DeedDialog(Deed("Write a file", means, (ask,)), self._network))
        if answers is None:
            return
        try:
            path = await asyncio.to_thread(write_new, answers["path"], self._text)
        except OperatorError as error:
            self._tell(str(error))
        else:
            self._tell(f"Written: {path}.")

    def _tell(self, words: str) -> None:
        self.query_one(".keys", Static).update(Content(f"{words}  ({self.KEYS})"))
