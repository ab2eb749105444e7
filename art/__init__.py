"""The programs that made what is bundled: the demo story's pictures and narration, and the music.

Nobody needs to run them; they are kept so that every picture and sound can be made again, and
changed. Run them from the repository's root:

    python -m art.draw_pictures       six pictures into daemon/demo
    python -m art.speak_narration     six narrations into daemon/demo (needs Debian's festival or flite)
    python -m art.compose_music       four loops into music

Each of the three stands on modules of its own:

    draw_pictures     `scenes` paints the pages, one function each, from the `landscape` (sky, land and
                      water) and the `characters` (the fox, the lighthouse, boat and birds); both are
                      painted with the `brushes`
    speak_narration   `voices` starts the synthesisers, `voice_measures` compares them
    compose_music     `music_scores` holds the pieces, `instruments` the sound of each note, and
                      `opus_loop` writes a file that repeats without a seam

`audio_tools` is shared by speech and music. Everything is computed by numpy, Pillow and PyAV, and
every seed is fixed: the same program makes the same files.
"""
