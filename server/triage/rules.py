"""Rules for priority and escalation: what customers write when it is urgent, or when it is not.

The rules are data: read `RULES` from the top. A phrase is matched word for word, whatever its
case and punctuation, inside one sentence, and not where the three words before it deny it.
"""

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What a rule does to the priority."""

    AT_ONCE = "urgent, whatever else is said"
    RAISE = "one step up; three of them make it urgent"
    LOWER = "one step down"
    PLAN = "one step up, beside any other"
    NONE = "leaves it alone"


@dataclass(frozen=True, slots=True)
class Rule:
    """Phrases that mean the same, and what follows from them."""

    code: str
    explanation: str
    effect: Effect
    phrases: tuple[str, ...]
    escalates: bool = False


RULES = (
    Rule(
        "OUTAGE_FOR_ALL",
        "A service is down for everybody.",
        Effect.AT_ONCE,
        (
            "production is down", "production down", "prod is down", "site is down",
            "website is down", "service is down", "system is down", "systems are down",
            "server is down", "servers are down", "platform is down", "everything is down",
            "api is down", "app is down", "shop is down", "store is down", "network is down",
            "down for everyone", "down for everybody", "down for all", "complete outage",
            "total outage", "major outage", "full outage", "nobody can log in",
            "no one can log in", "nobody can login", "no one can login", "nobody can sign in",
            "no one can sign in", "nobody can access", "no one can access", "nobody can work",
            "no one can work", "none of our users can", "none of our customers can",
            "none of our staff can", "affects all users", "affecting all users",
            "affects all our", "affecting all our", "all users are affected",
            "all our users are affected", "all customers are affected",
        ),
        escalates=True,
    ),
    Rule(
        "SECURITY",
        "An account or data may be in somebody else's hands.",
        Effect.AT_ONCE,
        (
            "hacked", "hacker", "hackers", "data breach", "security breach", "breached",
            "compromised", "data leak", "leaked data", "data leaked", "been leaked",
            "was leaked", "leaked my", "leaked our", "password leaked", "unauthorised",
            "unauthorized", "phishing", "ransomware", "malware", "identity theft",
            "account takeover", "took over my account", "stole my account", "stolen account",
            "account was stolen", "someone else logged in", "somebody else logged in",
            "someone logged in", "somebody logged in", "someone logged into",
            "somebody logged into", "someone is using my account", "someone has access to my",
            "someone changed my", "somebody changed my", "security vulnerability",
            "sql injection", "fraud", "fraudulent", "fraudulently", "impersonating",
            "api key was exposed", "see other customers data", "see another customers",
            "someone elses data",
        ),
        escalates=True,
    ),
    Rule(
        "SAFETY",
        "Somebody may come to harm.",
        Effect.AT_ONCE,
        (
            "caught fire", "on fire", "is smoking", "smoke came out", "smoke coming",
            "electric shock", "electrocuted", "exploded", "burned my", "burnt my", "burned me",
            "injured", "injury", "ended up in hospital", "went to hospital", "got hurt",
            "allergic reaction", "gas leak", "kill myself", "suicide", "suicidal",
        ),
        escalates=True,
    ),
    Rule(
        "LEGAL_THREAT",
        "The customer speaks of legal steps or of an authority.",
        Effect.RAISE,
        (
            "lawyer", "lawyers", "attorney", "solicitor", "legal action", "legal steps",
            "legal proceedings", "take you to court", "see you in court", "to court",
            "in court", "small claims", "sue you", "will sue", "to sue", "suing you", "lawsuit",
            "gdpr complaint", "complaint under gdpr", "data protection authority",
            "data protection commissioner", "supervisory authority", "regulator", "ombudsman",
            "chargeback", "charge back", "trading standards", "consumer protection",
            "consumer rights", "attorney general", "better business bureau", "ftc",
            "police report", "report you to",
        ),
        escalates=True,
    ),
    Rule(
        "ASKS_FOR_PERSON",
        "The customer asks for a person.",
        Effect.NONE,
        (
            "real person", "real human", "actual person", "actual human", "human being",
            "live person", "live agent", "human agent", "speak to a human", "talk to a human",
            "speak with a human", "talk with a human", "speak to a person", "talk to a person",
            "speak with a person", "speak to someone", "talk to someone", "speak with someone",
            "speak to somebody", "talk to somebody", "speak to an agent", "speak with an agent",
            "talk to an agent", "speak to a manager", "speak to the manager", "your manager",
            "to a manager", "with a manager", "your supervisor", "to a supervisor", "call me",
            "calls me", "call back", "calls back", "phone me", "ring me", "give me a call",
            "someone in charge", "somebody in charge", "not a bot", "no bots", "not a robot",
            "no robots", "stop sending me bots",
        ),
        escalates=True,
    ),
    Rule(
        "MONEY_AT_RISK",
        "The customer has paid too much, or money is missing.",
        Effect.RAISE,
        (
            "charged twice", "charged me twice", "charged us twice", "billed twice",
            "billed me twice", "debited twice", "paid twice", "double charge", "double charged",
            "double billed", "duplicate charge", "duplicate payment", "two identical payments",
            "charged again", "charged three times", "overcharged", "wrongly charged",
            "charged the wrong amount", "unknown charge", "money is gone", "money is missing",
            "money disappeared", "money has not arrived", "overdrawn",
            "never received my refund", "still no refund",
        ),
    ),
    Rule(
        "BLOCKED",
        "The customer cannot go on, or data is lost.",
        Effect.RAISE,
        (
            "cannot log in", "cant log in", "can not log in", "unable to log in",
            "couldnt log in", "cannot login", "cant login", "cannot sign in", "cant sign in",
            "unable to sign in", "locked out", "cannot access", "cant access",
            "unable to access", "cannot work", "cant work", "unable to work",
            "blocked completely", "completely blocked", "blocking us", "business has stopped",
            "losing money", "losing customers", "losing sales", "data loss", "lost all",
            "lost everything", "all my data", "all our data", "data is gone",
            "everything is gone", "outage", "stopped working", "not working at all",
            "doesnt work at all",
        ),
    ),
    Rule(
        "DEADLINE",
        "Something must be done by a near date.",
        Effect.RAISE,
        (
            "go live tomorrow", "go live today", "going live", "launch tomorrow",
            "launch today", "launching tomorrow", "by end of day", "by the end of the day",
            "end of business", "by eod", "by close of business", "by tomorrow", "by tonight",
            "by noon", "until tomorrow", "before tomorrow", "due today", "due tomorrow",
            "deadline", "within the hour", "within an hour", "in an hour", "in two hours",
            "in 2 hours", "flight tomorrow", "fly tomorrow", "leave tomorrow",
            "wedding tomorrow", "expires today", "expires tomorrow", "tomorrow morning",
            "this afternoon",
        ),
    ),
    Rule(
        "CALLS_IT_URGENT",
        "The customer calls it urgent.",
        Effect.RAISE,
        (
            "urgent", "urgently", "asap", "as soon as possible", "emergency",
            "fix this immediately", "immediate attention", "immediate help", "right away",
            "critical", "top priority", "high priority", "time sensitive", "cannot wait",
            "cant wait any longer",
        ),
    ),
    Rule(
        "REPEATED_CONTACT",
        "The customer has asked before.",
        Effect.RAISE,
        (
            "second time", "third time", "fourth time", "fifth time", "third email",
            "third e mail", "second email", "third message", "third ticket", "still no reply",
            "still no answer", "still no response", "still waiting", "no reply", "no response",
            "nobody replied", "no one replied", "nobody answers", "no one answers",
            "nobody answered", "no one answered", "nobody has answered", "nobody has replied",
            "ignored my", "ignoring my", "ignoring me", "keep asking", "asked twice",
            "contacted you twice", "written twice", "wrote twice", "several times",
            "multiple times", "again and again", "over and over",
        ),
    ),
    Rule(
        "NO_HURRY",
        "The customer says that there is time.",
        Effect.LOWER,
        (
            "no rush", "no hurry", "not urgent", "isnt urgent", "not an emergency",
            "nothing urgent", "non urgent", "low priority", "not a priority", "no pressure",
            "take your time", "whenever you have time", "whenever you can",
            "whenever you get a chance", "when you have time", "when you get a chance",
            "when you have a moment", "when you have a minute", "just curious",
            "just wondering", "out of curiosity", "nothing serious", "not important",
            "can wait", "minor thing", "small thing", "cosmetic",
        ),
    ),
    Rule(
        "WISH",
        "The customer wishes for something new.",
        Effect.LOWER,
        (
            "feature request", "feature suggestion", "suggestion", "would be nice",
            "would be great if", "would be cool", "would be helpful if", "would be useful",
            "would be lovely", "would be good if", "nice to have", "would love to see",
            "id love to see", "would love it if", "please add", "please consider",
            "any plans to", "on your roadmap", "on the roadmap", "i wish there was",
            "i wish there were", "i wish you",  "idea for",
        ),
    ),
)  # fmt: skip
