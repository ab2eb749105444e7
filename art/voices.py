"""The two free voices that can read the demo story aloud: festival's HTS voice and flite's slt.

Both were trained on the CMU ARCTIC recordings of the same speaker and come with Debian (packages festival and
festvox-us-slt-hts, and flite). Each is asked for one sentence at a time and tells where it paused, so that the
narration can stretch exactly those pauses and nothing else.
"""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from art.audio_tools import FloatArray, decode

# Festival speaks this fraction of its usual tempo (the hts_engine parameter "-r", its speech speed rate).
FESTIVAL_SPEED = 0.86

# Flite makes every sound this much longer.
FLITE_STRETCH = 1.16

# The phrasing follows the punctuation alone: the statistical model breaks "rang its bell" away from its boat.
# "the" before a vowel becomes "thee", and two words that the lexicon guesses wrongly are spelt out.
_FESTIVAL_SETUP = """
(voice_cmu_us_slt_arctic_hts)
(set! hts_engine_params (cons (list "-r" {speed}) hts_engine_params))
(lex.add.entry '("gulls" nil (((g ah l z) 1))))
(lex.add.entry '("every" nil (((eh v) 1) ((r iy) 0))))
(set! phrase_cart_tree
  '((lisp_token_end_punc in ("." "!" "?")) ((BB))
    ((lisp_token_end_punc in ("," ":" ";")) ((B)) ((n.name is 0) ((BB)) ((NB))))))
(Parameter.set 'Phrase_Method 'cart_tree)
(define (say_thee utt)
  (mapcar
    (lambda (word)
      (let ((seg (item.relation (item.daughtern (item.relation.daughtern word 'SylStructure)) 'Segment)))
        (if (and (string-equal "the" (downcase (item.name word))) (string-equal "+" (item.feat seg "n.ph_vc")))
            (item.set_feat seg 'name "iy"))))
    (utt.relation.items utt 'Word))
  utt)
(set! postlex_rules_hooks (append postlex_rules_hooks (list say_thee)))
"""
_FESTIVAL_SENTENCE = """
(set! utt (utt.synth (Utterance Text "{text}")))
(utt.save.wave utt "{wave}")
(mapcar (lambda (seg) (format t "%s:%f " (item.name seg) (item.feat seg "end"))) (utt.relation.items utt 'Segment))
"""


@dataclass(frozen=True)
class Speech:
    """One spoken sentence, and the (start, end) seconds of the pauses inside it."""

    samples: FloatArray
    rate: int
    pauses: tuple[tuple[float, float], ...]


def _run(*command: str) -> str:
    """Run a synthesiser and give back what it printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _inner_pauses(listing: str) -> tuple[tuple[float, float], ...]:
    """Find the pauses between words in "name:end name:end ..." lines, each of which restarts its clock."""
    pauses: list[tuple[float, float]] = []
    offset = end = 0.0
    for line in listing.splitlines():
        offset, start = end, end
        for name, seconds in re.findall(r"(\S+):([\d.]+)", line):
            end = offset + float(seconds)
            if name == "pau":
                joined = bool(pauses) and abs(pauses[-1][1] - start) < 1e-3
                pauses[-1:] = [(pauses[-1][0], end)] if joined else [*pauses[-1:], (start, end)]
            start = end
    return tuple(pauses[1:-1])  # the first and the last are the silence around the sentence


def _read_speech(wave: Path, listing: str) -> Speech:
    """Pair the recording with the pauses that the synthesiser listed."""
    channels, rate = decode(wave)
    return Speech(channels[0], rate, _inner_pauses(listing))


def speak_with_festival(text: str) -> Speech:
    """Let festival's HTS voice speak a sentence: 32 kHz, statistical parametric."""
    with tempfile.TemporaryDirectory() as folder:
        wave, script = Path(folder, "sentence.wav"), Path(folder, "sentence.scm")
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        sentence = _FESTIVAL_SENTENCE.format(text=escaped, wave=wave)
        script.write_text(_FESTIVAL_SETUP.format(speed=FESTIVAL_SPEED) + sentence, encoding="utf-8")
        return _read_speech(wave, _run("festival", "-b", str(script)))


def speak_with_flite(text: str) -> Speech:
    """Let flite's slt voice speak a sentence: 16 kHz, CLUSTERGEN."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder, "sentence.wav")
        stretch = f"duration_stretch={FLITE_STRETCH}"
        return _read_speech(
            wave, _run("flite", "-voice", "slt", "--setf", stretch, "-psdur", "-t", text, str(wave))
        )


VOICES: dict[str, Callable[[str], Speech]] = {
    "festival": speak_with_festival,
    "flite": speak_with_flite,
}
