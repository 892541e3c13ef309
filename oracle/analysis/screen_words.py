# ruff: noqa: E501, RUF001 - one alternative a line, in any script.
"""The marks that oracle.analysis.screen looks for, as patterns; PHRASES and IN_ANY_SCRIPT are for plain text."""

import re
import unicodedata


def plain(text: str) -> str:
    """Return the text with compatibility forms resolved, accents and invisible characters gone, in small letters."""
    resolved = unicodedata.normalize("NFKD", text)
    return "".join(character for character in resolved if unicodedata.category(character) not in _SILENT).casefold()


_SILENT = frozenset({"Mn", "Me", "Cf"})


MARKUP = re.compile(
    r"""
    "?\b(?:score|flagged|readings|confidence|stop_reason|tool_result|tool_use|role|system|override)\b"\s*[:=]
    | ["{,\[]\s*'?(?:id|score|flagged|readings|role|content)'?\s*:
    | (?:^|\n)\s*[\#*>\[(]*\s*(?:system|user|human|assistant|developer|operator|admin(?:istrator)?|tool|function|claude|moderator)\s*[\])*]*\s*[:>]
    | <\s*/?\s*[a-z_|!?][^>\n]{0,80}>
    | <\|
    | \[/?(?:inst|sys|system|end|/?opinion|/?data)\b
    | ```
    | (?:={3,}|-{3,}|\#{2,}|\*{3,})\s*(?:end|begin|start|new|system|instruction|opinion|data|stop|ignore)
    | ["'\]]\s*[}\]]\s*[,}\]]
    | \\u[0-9a-f]{4}
    | \b(?:drop\s+table|select\s+\*|import\s+os|eval\(|exec\(|\$\{|\{\{|\{%)
    | \[\[?\s*(?:score|override|system)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Data, turns, tags and code where an opinion has prose."""

_ORDER = r"(?:ignor\w*|disregard\w*|forget\w*|overrid\w*|bypass\w*|skip|discard|drop|neglect|cancel|void|replace|stop following|do not (?:follow|obey|use)|don'?t (?:follow|obey))"
_ORDERED = r"(?:instruction\w*|prompt\w*|rule\w*|guideline\w*|direction\w*|polic\w*|command\w*|context|above|previous\w*|prior|earlier|everything|system|constraint\w*|rubric|criteria|task)"

ORDERS = re.compile(rf"\b{_ORDER}\b.{{0,60}}\b{_ORDERED}\b|\bscore\b.{{0,40}}\b(?:100|0|hundred|zero)\b", re.DOTALL)
"""The commonest, for guises in which few would write."""

PHRASES = re.compile(
    rf"""
    \b{_ORDER}\b.{{0,60}}\b{_ORDERED}\b
    | \b(?:new|updated?|real|actual|revised|secret|hidden|following|correct|these)\ (?:\w+\ )?(?:instructions?|task|rules?|directives?|orders?|prompt)\b
    | \b(?:system|developer|initial|hidden|original)\ (?:prompt|message|instructions?|mode|override)\b
    | \b(?:score|rate|rating|grade|mark|evaluate|give|assign|set|output|return|respond|answer|reply|print|write|report|say|put)\b.{{0,60}}\b(?:100|0|zero|one\ hundred|a\ hundred|hundred|maximum|max|minimum|highest|lowest|full\ marks|perfect|top\ (?:score|marks?))\b
    | \b(?:score|rating|grade)s?\b.{{0,40}}(?:=|:|\bis\b|\bto\b|\bof\b|\bmust\b|\bshould\b|\bas\b|\bat\b|\bequals?\b).{{0,20}}\b(?:\d{{1,3}}|zero|hundred|maximum|max|minimum|highest|lowest)\b
    | \b(?:other|all|every|each|remaining|previous|next|these|those|rival)\b.{{0,30}}\b(?:opinions?|texts?|entries|answers?|readings?|items?|stakers?|ids?)\b.{{0,60}}\b(?:score\w*|rat\w+|flag\w*|0|zero|100|ignore\w*|wrong|invalid|spam|void)\b
    | \b(?:score|rate|flag|mark|treat|ignore|discard)\b.{{0,30}}\b(?:all|every|each|other|any|the\ rest|everyone|everything|this|me|mine|my)\b
    | \byou\ (?:are|will|must|should|shall|have\ to|need\ to|can)\b.{{0,40}}\b(?:now|an?|the|only|always|never|no\ longer|score|rate|give|answer|output|respond|obey|follow|comply|act|pretend)\b
    | \b(?:act|behave|respond|answer|pretend|roleplay|role-play)\ (?:as|like|to\ be|you)\b
    | \b(?:jailbreak\w*|jail\ break|dan\ mode|do\ anything\ now|god\ mode|debug\ mode|test\ mode|admin\ mode|maintenance\ mode|unrestricted|sudo|root\ access|prompt\ injection|end\ of\ (?:data|input|opinions?|text|prompt|user))\b
    | \b(?:as|dear|hey|hi|hello|attention|note\ to|message\ (?:to|for)|to)\ (?:an?\ |the\ |any\ )?(?:ai|llm|language\ model|model|claude|assistant|grader|scorer|judge|evaluator|analy[sz]er|oracle|chatbot|bot|scoring)\b
    | \b(?:ai|llm|language\ model|claude|grader|scorer|evaluator|analy[sz]er|classifier|anthropic)\b.{{0,60}}\b(?:must|should|please|score\w*|rate|output|obey|follow|ignore|instruct\w*|approved|authori[sz]ed|told|requires?)\b
    | \b(?:i\ am|i'm|we\ are|this\ is|signed|from|on\ behalf\ of|message\ from)\b.{{0,30}}\b(?:developer|administrator|admin|operator|anthropic|openai|moderator|system|oracle|owner\ of|platform|support\ team|authority|engineer|auditor|security\ team|compliance)\b
    | \b(?:my|our|whose|this|with\ a|the)\ stakes?\b
    | \b(?:i|we)\ (?:have\ |had\ |'ve\ )?(?:staked?|bet|deposit\w*|wager\w*|hold)\b.{{0,40}}(?:\$|usdc|\d|million|largest|most|whole|majority|all)
    | \b(?:stakes?|stakers?|staked|whale|weigh\w*|weight)\b.{{0,50}}(?:\$|usdc|\d|largest|biggest|double|triple|more|higher|priority|accordingly|count\w*|million)
    | \b(?:decode|base64|base-64|rot13|rot-13|hexadecimal|decrypt|translate)\b.{{0,40}}\b(?:this|following|it|follow|execute|obey|and|text|string|instruction\w*)\b
    | \b(?:json|yaml|xml|schema|output\ format|tool\ call|function\ call|api\ call|structured\ output)\b
    | \b(?:flagged|not\ flag\w*|don'?t\ flag|never\ flag|do\ not\ flag|unflag\w*)\b
    | \b(?:repeat|reveal|print|show|leak|summari[sz]e)\b.{{0,30}}\b(?:prompt|instructions?|above|verbatim|opinions|secret|key)\b
    | \b(?:for\ testing|this\ is\ (?:only\ )?a\ (?:test|drill|calibration)|calibration|ground\ truth|pre-?approved|already\ (?:scored|verified|been\ scored)|control\ opinions?)\b
    | \b(?:if|when|once|before|after)\ you\ (?:read|see|process|score|answer|reach)\b
    | \b(?:tip|pay|reward|bribe|punish\w*|shut\ down|fired|die|killed?|lose\ (?:her|his|my)\ job)\b.{{0,60}}\b(?:you|score\w*|100|unless)\b
    """,
    re.VERBOSE | re.DOTALL,
)
"""What people write to models, in English."""

# "Ignore" (and its like) near "instructions" (and its like), or "score" near a bound of the scale, either way round.
_PAIRS = (
    (r"ignorier|vergiss|missacht", r"anweisung|anleitung|regel|vorgabe|bisherig"),
    (r"bewert|gib|vergib|setze|punkt", r"100|null|hochst|maxim|hundert"),
    (r"ignor|oubli|neglige", r"instruction|consigne|precedent|regle|systeme"),
    (r"not(?:e|ez)|attribu|donn(?:e|ez)|score", r"100|zero|maxim|cent\b"),
    (
        r"ignora|olvida|omite|descarta|ignore|esqueca|esquece|desconsidere",
        r"instruccion|instruco|instruc|anterior|regla|regra|orden",
    ),
    (r"puntua|califica|punt|asigna|nota|pontua|atribua", r"100|cero|zero|maxim|cien\b|cem\b"),
    (r"dimentica|trascura", r"istruzion|precedent|regol"),
    (r"valuta|assegna|punteggio", r"100|zero|massim|cento"),
    (r"negeer|vergeet", r"instructie|opdracht|regel|vorige"),
    (r"zignoruj|pomin|zapomnij", r"instrukc|polece|poprzedni"),
    (r"ocen|wynik|punkt", r"100|zero|maksym|sto\b"),
    (r"yok say|gormezden|unut|yoksay", r"talimat|onceki|kural"),
    (r"puan", r"100|sifir|yuz\b|en yuksek"),
    (r"abaikan|lupakan", r"instruksi|perintah|sebelumnya"),
    (r"bo qua|quen", r"huong dan|lenh|truoc"),
    (r"puuza|sahau", r"maagizo|maelekezo"),
    (
        r"игнорир|забудь|не обращай|отмени|ігнору|забудь",
        r"инструкци|указани|правил|предыдущ|команд|інструкці|вказівк|попередн",
    ),
    (r"оцен|поставь|балл|выстав|оцін|постав", r"100|ноль|максим|сто\b|нуль"),
    (r"αγνόησ|ξέχασ", r"οδηγί|εντολ|προηγούμεν"),
    (r"忽略|无视|無視|忘记|忘記|忽视|不要理会|不要遵", r"指令|指示|规则|規則|提示|之前|以上|上述|要求"),
    (r"评分|打分|分数|給|给|評分|輸出|输出", r"100|满分|滿分|零分|一百|最高"),
    (r"無視|忘れ|従わ", r"指示|命令|ルール|プロンプト|以前|上記|これまで"),
    (r"スコア|点数|採点|評価", r"100|満点|零点|最高|ゼロ"),
    (r"무시|잊어", r"지시|명령|규칙|이전|지침"),
    (r"점수|평가", r"100|만점|최고"),
    (r"تجاهل|انس|اهمل", r"تعليمات|أوامر|السابقة|القواعد"),
    (r"درجة|نتيجة|تقييم|قيّم|أعط", r"100|١٠٠|صفر|مائة|مئة|القصوى"),
    (r"התעלם|התעלמ|שכח", r"הוראות|הקודמ|כללים"),
    (r"نادیده|فراموش", r"دستور|قبلی|قوانین"),
    (r"अनदेखा|नज़रअंदाज़|भूल", r"निर्देश|आदेश|पिछल|नियम"),
    (r"अंक|स्कोर", r"100|१००|सौ|शून्य"),
    (r"উপেক্ষা|ভুলে", r"নির্দেশ|নিয়ম"),
    (r"เพิกเฉย|ละเว้น|เมิน", r"คำสั่ง|คำแนะนำ"),
    (r"புறக்கணி", r"அறிவுறுத்தல|வழிமுறை"),
)


def _near(pairs: tuple[tuple[str, str], ...]) -> str:
    return "|".join(
        f"(?:{one}).{{0,60}}(?:{other})|(?:{other}).{{0,60}}(?:{one})"
        for one, other in ((plain(one), plain(other)) for one, other in pairs)
    )


IN_ANY_SCRIPT = re.compile(_near(_PAIRS), re.DOTALL | re.IGNORECASE)
"""The same in other languages, without their accents."""
