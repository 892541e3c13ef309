"""Three looks: dark, light, and plain, which leaves the colours to the terminal (16 of them at most).

Colour never says anything alone: every state has its word, every severity its sign.
"""

from textual.theme import BUILTIN_THEMES, Theme

from console.config import THEMES

_STATES_PLAIN = {
    "header-background": "ansi_default",
    "header-foreground": "ansi_default",
    "danger-background": "ansi_red",
    "danger-foreground": "ansi_bright_white",
    "muted": "ansi_bright_black",
    "row-cursor-background": "ansi_white",
    "row-cursor-foreground": "ansi_black",
    "scrollbar": "ansi_white",
    "scrollbar-background": "ansi_default",
    "scrollbar-hover": "ansi_white",
    "scrollbar-active": "ansi_white",
    "scrollbar-background-hover": "ansi_default",
    "scrollbar-background-active": "ansi_default",
    "scrollbar-corner-color": "ansi_default",
}

DARK = Theme(
    name="dark",
    primary="#7aa2f7",
    secondary="#73daca",
    accent="#bb9af7",
    foreground="#d5d9e8",
    background="#11131a",
    surface="#171a23",
    panel="#222634",
    success="#7ec97e",
    warning="#e5b567",
    error="#f2777a",
    dark=True,
    variables={
        "header-background": "#222634",
        "header-foreground": "#d5d9e8",
        "danger-background": "#b3202c",
        "danger-foreground": "#ffffff",
        "muted": "#7d849b",
        "row-cursor-background": "#34405f",
        "row-cursor-foreground": "#ffffff",
    },
)
LIGHT = Theme(
    name="light",
    primary="#2450a8",
    secondary="#0f6b5c",
    accent="#6a3fb0",
    foreground="#1d2230",
    background="#fbfbf8",
    surface="#f1f1ec",
    panel="#e2e3dc",
    success="#2b6e2b",
    warning="#8a5a00",
    error="#a91d22",
    dark=False,
    variables={
        "header-background": "#e2e3dc",
        "header-foreground": "#1d2230",
        "danger-background": "#a91d22",
        "danger-foreground": "#ffffff",
        "muted": "#666c7d",
        "row-cursor-background": "#c6d4f0",
        "row-cursor-foreground": "#10131c",
    },
)
PLAIN = Theme(
    name="plain",
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    accent="ansi_magenta",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    # What Textual's own parts want of a theme that leaves colours to the terminal.
    variables={**BUILTIN_THEMES["ansi-dark"].variables, **_STATES_PLAIN},
)
ALL = (DARK, LIGHT, PLAIN)


def after(name: str) -> str:
    """Return the theme that follows this one."""
    return THEMES[(THEMES.index(name) + 1) % len(THEMES)]
