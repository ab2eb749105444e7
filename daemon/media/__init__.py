"""Untrusted bytes become pictures, samples and letters. Knows nothing of stories and films.

`sounds` and `pictures` open files, and `whole` sees whether a sound was cut. A picture comes out
upright (`orientation`), in sRGB (`colour`) and as RGB of 8 bits (`modes`). `samples` and `loudness`
are about sound. `fonts` finds a font's file, `typeface` opens it, `letters` is what Unicode says of
letters. `library` is the music. `boundary` decides whose fault a foreign library's error is.

Import from these modules: only those that decode load the codecs.
"""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
SOUND_ENDINGS = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac")
"""The endings that people give pictures and sounds. The content decides what a file is."""
