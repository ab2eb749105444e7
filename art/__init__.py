"""The programs that made what is bundled: the demo story's pictures and narration, and the music.

Nobody needs to run them. They are kept so that every picture and sound can be made again, and
changed. Run them from the repository's root:

    python -m art.draw_pictures      six pictures, into daemon/demo
    python -m art.speak_narration    six narrations, into daemon/demo (needs Debian's festival)
    python -m art.compose_music      four loops, into music

What each of them stands on:

    draw_pictures      `scenes`: one module a page, painted from far to near
                       `landscape`: sky, land, water; `headland`: the cliff that all pages share
                       `fox`, `lighthouse`, `boat`, `birds`: what comes back from page to page
                       `place`: where such a thing stands; `brushes`: the paint box of them all
    speak_narration    `voices`: the synthesisers; `voice_measures`: what tells them apart
    compose_music      `music_scores`: the pieces; `instruments`: a sound for each note
                       `opus_loop`: a file that repeats without a seam

Speech and music share `audio_tools`. All of it is numpy, Pillow and PyAV with fixed seeds: the same
program makes the same files (on the same processor; another one may round a pixel differently).
"""
