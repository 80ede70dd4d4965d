"""Words that Azure rejects in the name of a resource with a public address (error ReservedResourceName, source N4)."""

from __future__ import annotations

# fmt: off
WHOLE = frozenset({
    "ACCESS", "APP_CODE", "APP_THEMES", "APP_DATA", "APP_GLOBALRESOURCES", "APP_LOCALRESOURCES", "APP_WEBREFERENCES",
    "APP_BROWSERS", "AZURE", "BING", "BIZSPARK", "BIZTALK", "CORTANA", "DIRECTX", "DOTNET", "DYNAMICS", "EXCEL",
    "EXCHANGE", "FOREFRONT", "GROOVE", "HOLOLENS", "HYPERV", "KINECT", "LYNC", "MSDN", "O365", "OFFICE", "OFFICE365",
    "ONEDRIVE", "ONENOTE", "OUTLOOK", "POWERPOINT", "SHAREPOINT", "SKYPE", "VISIO", "VISUALSTUDIO", "WEB.CONFIG",
    "XBOX",
})
# fmt: on
ANYWHERE = ("MICROSOFT", "WINDOWS")
AT_THE_START = ("LOGIN",)


def reserved_word(name: str) -> str:
    """Say which reserved word ``name`` contains; empty if it contains none. Case does not matter."""
    upper = name.upper()
    if upper in WHOLE:
        return f"'{name}' is a reserved word"
    for word in ANYWHERE:
        if word in upper:
            return f"it contains the reserved word '{word.lower()}'"
    for word in AT_THE_START:
        if upper.startswith(word):
            return f"it starts with the reserved word '{word.lower()}'"
    return ""
