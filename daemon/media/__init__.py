"""Untrusted bytes become pictures, samples and letters. Knows nothing of stories and films.

`sounds` and `pictures` open files, the latter upright (`orientation`) and in sRGB (`colour`);
`samples` and `loudness` are about sound; `fonts` finds a font's file, `typeface` opens it,
`letters` is what Unicode says of letters; `library` is the music. `boundary` decides whose fault a
library's error is.

Import from these modules: the codecs are loaded by those alone that decode.
"""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
SOUND_ENDINGS = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac")
"""The endings that people give pictures and sounds. What a file is, its content decides."""
