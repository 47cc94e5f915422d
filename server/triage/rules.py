"""Rules for priority and escalation: what customers write when it is urgent, or when it is not.

The rules are data: read `RULES` from the top. A phrase is matched word for word, whatever its
case and punctuation, inside one clause, and not where the three words before it deny it, nor
inside one of the harmless phrases of its rule. A "." in a phrase is the end of a clause. A clause
goes on in the next line of a text, but not behind an empty one.
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
    harmless: tuple[str, ...] = ()  # longer ones, in which a phrase means something else
    denied_directly: bool = False  # whether only a denial right before a phrase counts


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
            "not only is the site down", "not only is your site down",
            "not only is our site down", "not only is the website down",
            "not only is the service down", "not only is the system down",
        ),
        escalates=True,
        harmless=(
            "sure nobody can access", "sure no one can access", "so nobody can access",
            "so no one can access", "so that nobody can access", "so that no one can access",
            "store is down the", "shop is down the",
        ),
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
        harmless=(
            "401 unauthorised", "401 unauthorized", "unauthorised 401", "unauthorized 401",
            "unauthorised error", "unauthorized error", "unauthorised errors",
            "unauthorized errors", "unauthorised response", "unauthorized response",
            "unauthorised status", "unauthorized status", "returns unauthorised",
            "returns unauthorized", "returned unauthorised", "returned unauthorized",
            "hacker news", "life hacker", "growth hacker", "growth hackers", "phishing training",
            "phishing simulation", "phishing awareness", "phishing course",
        ),
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
        # Named one by one: a fire that is missed costs more than one that is none.
        harmless=(
            "team is on fire", "team was on fire", "team has been on fire", "you are on fire",
            "youre on fire", "guys are on fire", "sales are on fire", "sales were on fire",
            "inbox is on fire", "deals are on fire",
            "traffic exploded", "traffic has exploded", "usage exploded", "usage has exploded",
            "sales exploded", "sales have exploded", "demand exploded", "demand has exploded",
            "bill exploded", "bill has exploded", "costs exploded", "costs have exploded",
            "popularity exploded", "is smoking allowed", "is smoking permitted",
            "is smoking hot", "injury time", "feelings got hurt",
        ),
        denied_directly=True,
    ),
    Rule(
        "LEGAL_THREAT",
        "The customer speaks of legal steps or of an authority.",
        Effect.RAISE,
        (
            "lawyer", "lawyers", "attorney", "solicitor", "legal action", "legal steps",
            "legal proceedings", "you to court", "this to court", "it to court",
            "them to court", "matter to court", "case to court", "company to court",
            "go to court", "goes to court", "going to court", "to court over", "to court for",
            "to court if", "to court about", "to court unless", "you in court", "this in court",
            "it in court", "end up in court", "ends up in court", "ends in court",
            "meet in court", "meet again in court", "in court over", "in court if",
            "in court unless", "in court for", "small claims", "sue you", "i will sue",
            "we will sue", "ill sue", "and will sue", "or will sue", "will sue for",
            "will sue the", "to sue", "suing you", "lawsuit", "gdpr complaint",
            "complaint under gdpr", "data protection authority",
            "data protection commissioner", "supervisory authority", "your regulator",
            "our regulator", "complain to the regulator", "complaint to the regulator",
            "complaint with the regulator", "complained to the regulator",
            "complaining to the regulator", "go to the regulator", "going to the regulator",
            "write to the regulator", "writing to the regulator", "turn to the regulator",
            "this to the regulator", "it to the regulator", "you to the regulator",
            "matter to the regulator", "case to the regulator", "contact the regulator",
            "contacting the regulator", "inform the regulator", "informing the regulator",
            "notify the regulator", "tell the regulator", "involve the regulator",
            "regulator will hear", "regulator about you", "regulator about this",
            "data regulator", "privacy regulator", "banking regulator", "bank regulator",
            "financial regulator", "energy regulator", "insurance regulator",
            "industry regulator", "telecom regulator", "telecoms regulator",
            "state regulator", "government regulator", "national regulator", "regulators",
            "ombudsman",
            "chargeback", "charge back", "trading standards", "consumer protection",
            "consumer rights", "attorney general", "better business bureau", "ftc",
            "police report", "report you to", "reporting you to",
        ),
        escalates=True,
        harmless=(
            "i am a lawyer", "im a lawyer", "i am an attorney", "im an attorney",
            "i am a solicitor", "im a solicitor", "we are lawyers", "were lawyers",
            "power of attorney", "powers of attorney", "parcel to sue", "package to sue",
            "e mail to sue", "email to sue", "message to sue", "invitation to sue",
            "sent to sue", "connect it to the regulator", "attach it to the regulator",
            "voltage regulators", "pressure regulators", "gas regulators",
        ),
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
            "to a manager", "with a manager", "your supervisor", "to a supervisor",
            "call me .", "call me back", "call me at", "call me on", "call me in", "call me to",
            "call me about", "call me regarding", "call me and", "call me or", "call me if",
            "call me when", "call me before", "call me after", "call me between",
            "call me as soon", "call me asap", "call me urgently", "call me immediately",
            "call me now", "call me right", "call me today", "call me tonight",
            "call me tomorrow", "call me this", "call me next", "call me later",
            "call me again", "call me any", "call me anytime", "call me directly",
            "call me instead", "call me so", "call me because", "call me with",
            "call me under", "call me please", "call me thanks", "call me thank",
            "call me for", "call me from", "call me there", "call me here", "call me monday",
            "call me tuesday", "call me wednesday", "call me thursday", "call me friday",
            "someone call me", "somebody call me", "anyone call me", "anybody call me",
            "someone calls me", "somebody calls me", "anyone calls me", "one calls me",
            "agent calls me", "manager calls me", "technician calls me", "agent call me",
            "manager call me", "technician call me", "team call me", "call back", "calls back",
            "phone me", "ring me", "give me a call", "someone in charge", "somebody in charge",
            "not a bot", "no bots", "not a robot", "no robots", "stop sending me bots",
        ),
        escalates=True,
        harmless=(
            "i am not a robot", "im not a robot", "i am not a bot", "im not a bot",
            "i am a human being", "im a human being", "call back url", "call back urls",
            "call back function", "live agent widget", "role to a manager",
            "user to a manager", "them to a manager", "document with a manager",
            "report with a manager", "file with a manager", "role to a supervisor",
            "user to a supervisor",
        ),
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
