"""Where a language is spoken, for the ways in which telephone numbers are written there."""

_ALWAYS = ("US", "GB")
_REGIONS = {
    "ar": ("EG", "SA", "AE"),
    "bg": ("BG",),
    "cs": ("CZ",),
    "da": ("DK",),
    "de": ("DE", "AT", "CH"),
    "el": ("GR", "CY"),
    "en": ("AU", "IN"),
    "es": ("ES", "MX", "AR"),
    "et": ("EE",),
    "fi": ("FI",),
    "fr": ("FR", "BE", "CH"),
    "he": ("IL",),
    "hi": ("IN",),
    "hr": ("HR",),
    "hu": ("HU",),
    "id": ("ID",),
    "it": ("IT", "CH"),
    "ja": ("JP",),
    "ko": ("KR",),
    "lt": ("LT",),
    "lv": ("LV",),
    "nb": ("NO",),
    "nl": ("NL", "BE"),
    "no": ("NO",),
    "pl": ("PL",),
    "pt": ("BR", "PT"),
    "ro": ("RO",),
    "ru": ("RU",),
    "sk": ("SK",),
    "sl": ("SI",),
    "sv": ("SE",),
    "th": ("TH",),
    "tr": ("TR",),
    "uk": ("UA",),
    "vi": ("VN",),
    "zh": ("CN", "TW", "HK"),
}


def regions_of(language: str) -> tuple[str, ...]:
    """Regions (ISO 3166) to read telephone numbers in: that of the tag ("pt-BR"), those where the
    language is spoken, then the United States and Britain.
    """
    primary, *subtags = language.replace("_", "-").split("-")
    tagged = [subtag.upper() for subtag in subtags if len(subtag) == 2 and subtag.isalpha()]
    spoken = _REGIONS.get(primary.lower(), ())
    return tuple(dict.fromkeys([*tagged, *spoken, *_ALWAYS]))
