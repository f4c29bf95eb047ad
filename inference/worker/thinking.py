"""A budget for thinking: when it is spent, the tokens that end the thinking are forced."""


class ThinkingLimit:
    """`budget` in tokens between the markers. `thinks`: the answer begins behind the opening one."""

    def __init__(self, opening: tuple[int, ...], closing: tuple[int, ...], budget: int, *, thinks: bool) -> None:
        self._opening = opening
        self._closing = closing
        self._left = budget
        self._thinks = thinks
        self._written: tuple[int, ...] = ()
        self.is_over = False

    @property
    def forced(self) -> int | None:
        """The token that has to come next, if it can."""
        if self.is_over or not self._thinks or self._left > 0:
            return None
        return self._closing[self._closed()]

    def advance(self, token: int) -> None:
        if self.is_over:
            return
        longest = max(len(self._opening), len(self._closing))
        self._written = (*self._written, token)[-longest:]
        if self._thinks:
            self._left -= 1
            self.is_over = self._written[-len(self._closing) :] == self._closing
        elif self._written == self._opening:
            self._thinks, self._written = True, ()
        else:
            # Thinking stands at the beginning, or there is none.
            self.is_over = self._written != self._opening[: len(self._written)]

    def _closed(self) -> int:
        """How much of the closing marker stands there already."""
        lengths = range(len(self._closing) - 1, 0, -1)
        return next((length for length in lengths if self._written[-length:] == self._closing[:length]), 0)
