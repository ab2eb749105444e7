"""Untrusted bytes become pictures, samples and letters. Knows nothing of stories and films."""

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
SOUND_ENDINGS = (".mp3", ".wav", ".flac", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac")
"""Names that people give pictures and sounds. What a file is, its content decides."""
