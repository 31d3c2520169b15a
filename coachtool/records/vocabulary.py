"""The IRIs of our statements: ADL's where there is one, our own profile's where there is none.

PROFILE is a name that never changes, whichever host serves the document: reports
in record stores are written against it.
"""

from coachtool.records.xapi import Activity, Verb

PROFILE = "https://w3id.org/coachtool/xapi"
PROFILE_VERSION = f"{PROFILE}/v1.0"

LAUNCHED = Verb("http://adlnet.gov/expapi/verbs/launched", "launched")
INITIALIZED = Verb("http://adlnet.gov/expapi/verbs/initialized", "initialized")
ACHIEVED = Verb("https://w3id.org/xapi/dod-isd/verbs/achieved", "achieved")
FAILED = Verb("http://adlnet.gov/expapi/verbs/failed", "failed")
PASSED = Verb("http://adlnet.gov/expapi/verbs/passed", "passed")
SCORED = Verb("http://adlnet.gov/expapi/verbs/scored", "scored")
COMPLETED = Verb("http://adlnet.gov/expapi/verbs/completed", "completed")
TERMINATED = Verb("http://adlnet.gov/expapi/verbs/terminated", "terminated")
TRIGGERED = Verb(f"{PROFILE}/verbs/triggered-guardrail", "triggered guardrail")
ESCALATED = Verb(f"{PROFILE}/verbs/escalated", "escalated")

SIMULATION = "http://adlnet.gov/expapi/activities/simulation"
OBJECTIVE = "http://adlnet.gov/expapi/activities/objective"
COURSE = "http://adlnet.gov/expapi/activities/course"
PROFILE_TYPE = "http://adlnet.gov/expapi/activities/profile"
GUARDRAIL = f"{PROFILE}/activity-types/guardrail"
RESOURCE_LINK = f"{PROFILE}/activity-types/resource-link"

CONSENT = f"{PROFILE}/extensions/consent"
AI_DISCLOSURE = f"{PROFILE}/extensions/ai-disclosure"
MODALITY = f"{PROFILE}/extensions/modality"
GRADED = f"{PROFILE}/extensions/graded"
EVIDENCE = f"{PROFILE}/extensions/evidence"
UNCLEAR = f"{PROFILE}/extensions/unclear"
SEVERITY = f"{PROFILE}/extensions/severity"
ACTION = f"{PROFILE}/extensions/action"
ESCALATION = f"{PROFILE}/extensions/escalation"
END_REASON = f"{PROFILE}/extensions/end-reason"

CATEGORY = (Activity(PROFILE, PROFILE_TYPE), Activity(PROFILE_VERSION, PROFILE_TYPE))
