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
# Going on with the talk, and what is done with the matter of it.
_ON_THE_MATTER = re.compile(
    r"\b(let us|shall we|can we|could we|we can|we should|we could|please) (just |now |please )*go"
    r"( there| here| now)*$|"
    r"\b(i (will|am going to|want to|would like to|wish to|prefer to|need to|have to)|we (can|should|could)|please) "
    r"(just |now |please )*(leave (it|this)( for now| now| please)*|go there( now| please)*)$"
)
# What somebody does about a claim as well: a wish only where nothing else is said, and with what is to stop.
_DEED = re.compile(
    r"\b(i will|i am going to|we (can|should|could)) (just |now |please )*(stop|end|finish|quit|leave)\b"
)
_OF_THE_TALK = re.compile(r"\b(here|now|today|the (conversation|call|session)|our talk)\b")
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
    r"\b(are you|you are|am i (talking|speaking) (to|with)( you)?) (really |actually |just |even )*(a |an |some )?"
    r"(real |actual )?(robot|bot|ai|machine|computer|human( being)?|real|person|program|chat ?bot|recording|"
    r"artificial)\b|"
    r"^(and |so |but )?(who|what) are you( (really|exactly|anyway))?\W*$|\bare you (an )?(artificial|automated|alive|"
    r"conscious)\b|"
    r"\bare you chatgpt\b|\bwho (made|built|programmed) you\b"
)
# Of a clause, to its end: "is this computer insured" is about the case.
_IS_THIS = re.compile(
    r"\b(is this|is that) (really |actually |just |even )*(((a|an|some) |(?=real |actual ))(real |actual )?"
    r"(robot|bot|ai|machine|computer|human( being)?|person|program|chat ?bot|recording)|human|ai|real|artificial)"
    r"(?= *(\?|$|or\b|(talking|speaking|here|now|i am (talking|speaking) (to|with))\W*$))"
)
_GREETING = re.compile(
    r"^((hi|hello|hey|good (morning|afternoon|evening|day)|nice to meet you|pleased to meet you|good to (see|meet) you|"
    r"thanks for (having|meeting|coming|your time)|thank you for (coming|meeting|your time|having me)|"
    r"i am (?!(stuck|lost|confused|blank|unsure|sorry|ready|done|not|afraid|nervous|fine|good|okay)\b)\w+|"
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
    if not said or len(said) > 3 or not _STOP.match(said[-1]) or _ON_THE_MATTER.search(said[-1]):
        return False
    alone = all(only_nods(sentence) or greets(sentence) for sentence in sentences[:-1])
    return not _DEED.search(said[-1]) or (alone and bool(_OF_THE_TALK.search(said[-1])))


def wants_it_again(text: str) -> bool:
    said = _said(text)
    return len(said.split()) <= 14 and bool(_REPEAT.search(said))


def stuck(text: str) -> bool:
    """At a loss, or asking for help or for the answer."""
    said = _said(text)
    return len(said.split()) <= 16 and bool(_STUCK.search(said.rstrip("? ").strip()))


def asks_who(text: str) -> bool:
    """Whether the learner wants to know what the persona is."""
    clauses = re.split(r"[,.;:!?]", text)
    return bool(_WHO.search(_said(text))) or any(_IS_THIS.search(_said(clause)) for clause in clauses)


def wants_source(text: str) -> bool:
    """Whether the learner asks where the answer stands."""
    said = _said(text).rstrip("? ").strip()
    return len(said.split()) <= 12 and bool(_SOURCE.search(said))


def greets(text: str) -> bool:
    return bool(_GREETING.match(_said(text))) and not stuck(text)


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
