"""What tests share: stories, pictures, sounds and films to work on, and processes to watch.

- `sounds`: tones, noise, speech and silence; WAV files; levels and loudness, measured
- `pictures`: flat, noisy and photographic pictures
- `stories`: story folders, and stories as they leave intake, with their plans
- `films`: films written by either writer and decoded again
- `folders`, `logs`: what a folder holds, what was logged
- `waiting`: until something holds, and a clock that the test moves
- `broken`: damaged files, failing disks
- `children`: forked processes that are killed or give up their rights
- `processes`: the real service, seen from outside
"""
