"""The two free voices that can read the demo story aloud: festival's HTS voice and flite's slt.

Both were trained on the CMU ARCTIC recordings of the same speaker, and are packages of Debian:
festival with festvox-us-slt-hts, and flite. Each speaks one sentence at a time and lists where it
paused, so that the narration can stretch exactly those pauses and nothing else.
"""

import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from art.audio_tools import FloatArray, decode

FESTIVAL_SPEED = 0.86
"""Festival speaks at this fraction of its usual tempo (hts_engine's "-r", speech speed rate)."""
FLITE_STRETCH = 1.16
"""How much longer flite makes every sound."""

# Festival's phrases follow the punctuation alone: its statistical model breaks "rang its bell"
# away from its boat. "the" before a vowel becomes "thee", and two words that the lexicon guesses
# wrongly are spelt.
FESTIVAL_SETUP = """
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
      (let ((seg
              (item.relation
                (item.daughtern (item.relation.daughtern word 'SylStructure)) 'Segment)))
        (if (and (string-equal "the" (downcase (item.name word)))
                 (string-equal "+" (item.feat seg "n.ph_vc")))
            (item.set_feat seg 'name "iy"))))
    (utt.relation.items utt 'Word))
  utt)
(set! postlex_rules_hooks (append postlex_rules_hooks (list say_thee)))
"""
FESTIVAL_SENTENCE = """
(set! utt (utt.synth (Utterance Text "{text}")))
(utt.save.wave utt "{wave}")
(mapcar
  (lambda (seg) (format t "%s:%f " (item.name seg) (item.feat seg "end")))
  (utt.relation.items utt 'Segment))
"""


@dataclass(frozen=True)
class Speech:
    """One spoken sentence, and the (start, end) of the pauses inside it, in seconds."""

    samples: FloatArray
    rate: int
    pauses: tuple[tuple[float, float], ...]


def printed_by(*command: str) -> str:
    """What a synthesiser printed. Raises CalledProcessError when it fails."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def inner_pauses(listing: str) -> tuple[tuple[float, float], ...]:
    """The pauses between words, from lines of "name:end name:end …".

    The clock of each line starts at zero. Pauses that touch are one.
    """
    pauses: list[tuple[float, float]] = []
    end = 0.0
    for line in listing.splitlines():
        offset = end
        start = end
        for name, seconds in re.findall(r"(\S+):([\d.]+)", line):
            end = offset + float(seconds)
            if name == "pau":
                if pauses and abs(pauses[-1][1] - start) < 1e-3:
                    pauses[-1] = (pauses[-1][0], end)
                else:
                    pauses.append((start, end))
            start = end
    return tuple(pauses[1:-1])  # the first and the last are the silence around the sentence


def read_speech(wave: Path, listing: str) -> Speech:
    """The recording, with the pauses that the synthesiser listed."""
    channels, rate = decode(wave)
    return Speech(channels[0], rate, inner_pauses(listing))


def speak_with_festival(text: str) -> Speech:
    """A sentence in festival's HTS voice: 32 kHz, statistical parametric."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder, "sentence.wav")
        script = Path(folder, "sentence.scm")
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        sentence = FESTIVAL_SENTENCE.format(text=escaped, wave=wave)
        script.write_text(FESTIVAL_SETUP.format(speed=FESTIVAL_SPEED) + sentence, encoding="utf-8")
        return read_speech(wave, printed_by("festival", "-b", str(script)))


def speak_with_flite(text: str) -> Speech:
    """A sentence in flite's slt voice: 16 kHz, CLUSTERGEN."""
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder, "sentence.wav")
        options = ("-voice", "slt", "--setf", f"duration_stretch={FLITE_STRETCH}", "-psdur")
        return read_speech(wave, printed_by("flite", *options, "-t", text, str(wave)))


VOICES: dict[str, Callable[[str], Speech]] = {
    "festival": speak_with_festival,
    "flite": speak_with_flite,
}
