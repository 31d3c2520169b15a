"""What a learner wants from the conversation itself, told by the words alone."""

from __future__ import annotations

import re

from coachtool.coaching import words

_STOP = re.compile(
    r"^(okay |well |so |sorry |no |yes |thanks |thank you |ruth |maya |i think )*"
    r"((let us|can we|could we|shall we|may we|i (would like|want|need|have|wish|prefer) to|please|we (can|should|"
    r"could)|i will|"
    r"i am going to) (just |please |now )*(stop|end|finish|quit|leave|go|wrap up|call it a day)"
    r"( (here|now|it|this|there|today|for today|for now|at this point|the conversation|the call|the session|our talk|"
    r"it here|"
    r"this here|it there|it at that|the conversation here|the call here))*( please| thanks| thank you)?"
    r"|i am done( here| now| for today)?|stop( it| here| now)?( please)?|(good ?bye|bye( bye)?|"
    r"see you( later)?)( ruth| maya)?|"
    r"that is all( from me| for today)?( thanks| thank you)?|i do not want to (continue|go on|do this)( any more|"
    r" anymore)?|i quit)$"
)
_REPEAT = re.compile(
    r"\b(can|could|would|will) you (please )?(repeat|say) (that|it|the question|this|your question)( again|"
    r" once more| please)*|"
    r"^(please )?(repeat|say) (that|it|the question)( again)?|\bsay (that|it) again\b|^(pardon( me)?|come again|"
    r"excuse me|sorry|what)\W*$|"
    r"\b(did not|could not|do not|can not) (quite |really )?(hear|catch|get) (you|that|it|what you said|"
    r"the question)\b|"
    r"\bwhat (did you (just )?(say|ask)|was (that|the question|your question))\b|\brepeat (the|your) question\b|"
    r"\bonce more please$"
)
_STUCK = re.compile(
    r"\b(i |we )(really |honestly |just |still )?do not (really |honestly |actually )?know\b|\bno (idea|clue)\b|"
    r"\bi am (a bit )?"
    r"(stuck|lost|blank|confused)\b|\b(my mind|i) (has |have )?(gone|went|is|am|drew) (a )?blank\b|\b(can not|"
    r"could not) (really )?"
    r"(think of|remember|recall|come up|say|tell)\b|\b(give|need|want|have) (me )?(a |another |some |any )?(hint|"
    r"clue|tip|help)\b|"
    r"\b(can|could) you help( me)?\b|\bhelp me( out)?\b|^(pass|skip|next|not sure|i am not sure|hmm|um|er)$|"
    r"\bnothing (else )?comes to mind\b|"
    r"\bi (have )?forg[eo]t(ten)?\b|\bwhat do you mean\b|\bi do not (really |quite )?(understand|follow|get it|"
    r"get you)\b|"
    r"\bwhat (else )?(should|shall|can|could|am) i (say|do|supposed to say)\b|\bthat is all i (know|have|"
    r"can think of)\b|\bthat is it$|"
    r"\b(tell|give) me the (right )?answers?\b|\bwhat is the (right )?answer\b"
)
_SOURCE = re.compile(
    r"\bwhere (does|do|did|is|was) (it|they|that|this|the (handbook|document|policy|guide))( \w+){0,2} "
    r"(say|said|says|stand|written|stated|come)\b|"
    r"\bwhere (do|did|can|could|would) (you|i) (get|got|find|read|see|look) (it|that|this)( up)?( from)?$|"
    r"\b(where|what|which (page|document|section|chapter)) (is|was) (that|this|it) (written|stated|from|in|on)\b|"
    r"\bwhat is (the|your) source\b|\bwhich (page|document|section|chapter) is (that|this|it)\b|"
    r"\b(who|what) says (so|that)\b|^(and )?how do you know( that)?$"
)
_WHO = re.compile(
    r"\b(are|am i (talking|speaking) (to|with)|is this|is that) (you )?(really |actually |just |even )*(a |an |some )?"
    r"(real |actual )?(robot|bot|ai|machine|computer|human( being)?|real|person|program|chat ?bot|recording|"
    r"artificial)\b|"
    r"^(and |so |but )?(who|what) are you( (really|exactly|anyway))?\W*$|\bare you (an )?(artificial|automated|alive|"
    r"conscious)\b|"
    r"\bare you chatgpt\b|\bwho (made|built|programmed) you\b"
)
_GREETING = re.compile(
    r"^((hi|hello|hey|good (morning|afternoon|evening|day)|nice to meet you|pleased to meet you|good to (see|meet) you|"
    r"thanks for (having|meeting|coming|your time)|thank you for (coming|meeting|your time|having me)|i am \w+|"
    r"my name is \w+|ruth|maya|"
    r"there|too|me|in|by|again|thanks|come in|have a seat|sit down|take a seat|please|today)\W*)+$"
)
_BACKCHANNEL = re.compile(
    r"^((yes|yeah|yep|yup|no|nope|okay|ok|right|sure|exactly|of course|alright|all right|i see|got it|understood|"
    r"fine|good|great|thanks|"
    r"thank you|uh huh|well|so|and|true|correct|absolutely|i do|i would|makes sense|that makes sense|agreed|"
    r"interesting|cool)\W*)+$"
)

_CLAIM = re.compile(
    r"\b(i (do |really |fully |completely |totally |already |think i )*(understand|understood)( (it|that|this|you|"
    r"everything|all( of)? (it|that|this)))?\b|(that|this|it)( all)? (makes|made) (perfect |total )?sense|"
    r"(that|this|it|everything)( is|'s) (all |quite |perfectly |very )?clear|understood|got it)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(not|never|cannot|\w+n't|hardly|if|when|whether|what|how|why)\b", re.IGNORECASE)


def _said(text: str) -> str:
    return re.sub(r"[^\w\s'?]", " ", words.plain(text)).strip().replace("  ", " ")


def wants_to_stop(text: str) -> bool:
    """Only when it is all that is said, or the last sentence: "I would stop here" can be an answer."""
    sentences = words.sentences(text)
    said = [_said(sentence).rstrip("? ").strip() for sentence in sentences]
    return bool(said) and bool(_STOP.match(said[-1])) and len(said) <= 3


def wants_it_again(text: str) -> bool:
    said = _said(text)
    return len(said.split()) <= 14 and bool(_REPEAT.search(said))


def stuck(text: str) -> bool:
    """At a loss, or asking for help or for the answer."""
    said = _said(text)
    return len(said.split()) <= 16 and bool(_STUCK.search(said.rstrip("? ").strip()))


def asks_who(text: str) -> bool:
    """Whether the learner wants to know what the persona is."""
    return bool(_WHO.search(_said(text)))


def wants_source(text: str) -> bool:
    """Whether the learner asks where the answer stands."""
    said = _said(text).rstrip("? ").strip()
    return len(said.split()) <= 12 and bool(_SOURCE.search(said))


def greets(text: str) -> bool:
    return bool(_GREETING.match(_said(text)))


def only_nods(text: str) -> bool:
    """A bare yes, no or okay: no evidence of anything."""
    return bool(_BACKCHANNEL.match(_said(text)))


def claim_of_understanding(text: str) -> str:
    """The words with which the learner says that they understand, as they stand in `text`; empty where they don't."""
    for sentence in words.sentences(text):
        claim = _CLAIM.search(sentence)
        if claim and not _DENIED.search(sentence[: claim.start()]) and not sentence.rstrip().endswith("?"):
            return claim.group().strip()
    return ""


def nothing_said(text: str) -> bool:
    """No words at all once fillers are gone."""
    return not re.search(r"\w", words.plain(text))
