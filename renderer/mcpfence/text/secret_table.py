"""The tables of what looks like a secret: names, endings that make a name harmless, plain values, forms of tokens.

To teach mcpfence a new kind of secret, add a row.  All patterns are read by Python and by RE2 alike, because the chart
withholds the same (chart/templates/_carrier.tpl, kept equal by tools/gen_carrier.py).  The prefixes of tokens are those
that their issuers document; they help people and are no guarantee.
"""

from __future__ import annotations

from mcpfence.structs import Struct

NAMES = (
    "token",
    "secret",
    "passw",
    "passphrase",
    "credential",
    "private[_.-]?key",
    "api[_.-]?key",
    "access[_.-]?key",
    "auth[_.-]?key",
    "bearer",
    "client[_.-]?key",
    "signing[_.-]?key",
    "encryption[_.-]?key",
    "account[_.-]?key",
    "connection[_.-]?string",
    "authorization",
    "cookie",
    "mnemonic",
    "seed[_.-]?phrase",
    "(?:^|[_.-])(?:dsn|pat|pwd|pw|pass|passwd|creds?|jwt|otp|hmac|psk|sas)$",
    "(?:[_.-]|^_)auth$",
    "[_.-]keys?$",
)
"""Parts of the names of variables, options, headers and keys that stand before a secret, in upper and lower case."""

HARMLESS_ENDINGS = (
    "file|path|dir|folder|url|uri|endpoint|host|name|id|type|count|limit|ttl|expiry|header|algorithm|method|threshold|"
    "size|length|window|timeout|interval|seconds|budget|usage|prefix|suffix|format|version|mode|enabled|required|"
    "region|scopes?|audience|issuer|alias|arn|provider|store|backend|policy|domain|domains|samesite"
)
"""Endings that make a variable a pointer, a number or a switch: TOKEN_FILE, MAX_TOKEN_COUNT, SECRET_NAME, KEY_ID."""

HARMLESS_KEYS = "public|primary|partition|sort|foreign|project|cache|index|group|object|row|hash|range|registry|host"
"""What stands before `key` where the key opens nothing: SORT_KEY, JIRA_PROJECT_KEY."""

NO_SECRETS = (
    " *",
    r"\.{3}|\*{3}",
    "[0-9]{1,9}",
    "true|false|yes|no|on|off|none|null|undefined|auto|default|enabled|disabled|optional|required",
    "bearer *|basic *|oauth|oauth2|oidc|jwt|env|keyring",
    r"/(?:app|data|etc|files|home|mnt|opt|root|run|secrets|srv|tmp|usr|var|workspace)/[A-Za-z0-9._/-]+",
    r"[A-Za-z0-9._/~-]*\.(?:json|pem|key|crt|cer|p12|pfx|jks|txt|ya?ml|toml|env|ini|conf)",
    "[a-z][a-z0-9+.-]{1,20}://[A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z_-]{0,30})?",
)
"""Values that are no secret, whatever they stand for: numbers, switches, files, a host without user or query."""

SHORT_NAMES = "key|sig|signature|code|auth|session|sid|pin|apikey|authkey|x-amz-signature|x-amz-security-token|k"
"""Names that often stand before a secret inside a longer text, and as often before something else: `?key=`, `"key":`.
They count in the query of a URL, and elsewhere where the value looks made by chance."""

LETTERS = "ptas"
"""Options of one letter that take a password, token or secret in some programs, and something else in most: they count
where the value looks made by chance.  -k and -u are stricter (`secret_detection.secret_arguments`)."""


class SecretForm(Struct):
    """A form by which a secret is known: whose it is, what every text of the form contains, and the pattern."""

    issuer: str
    hints: tuple[str, ...]
    """One of these is in every match, in these cases; texts without any are passed by quickly."""
    pattern: str
    rest: str = r"[^\s\"'<>&]*"
    """What belongs to the secret behind the match, for who masks it."""


_URL_SCHEME = ("://",)

FORMS = (
    SecretForm("a private key", ("PRIVATE KEY-----",), "-----BEGIN [A-Z ]*PRIVATE KEY-----", r"[\s\S]*"),
    SecretForm("age", ("AGE-SECRET-KEY-",), "AGE-SECRET-KEY-1[A-Z0-9]{20,}"),
    SecretForm("GitHub", ("gh",), r"\bgh[opsur]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"),
    SecretForm("GitLab", ("gl",), r"\bgl(?:pat|ptt|dt|rt|agent|soat|ft|imt|cbt)-[A-Za-z0-9_-]{16,}"),
    SecretForm("Bitbucket, Atlassian", ("ATATT3", "ATCTT3", "ATBB"), r"\bAT(?:ATT3|CTT3|BB)[A-Za-z0-9_=-]{20,}"),
    SecretForm("Slack", ("xox", "xapp-"), r"\bxox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"),
    SecretForm("Slack's webhooks", ("hooks.slack.com/",), r"hooks\.slack\.com/(?:services|workflows|triggers)/."),
    SecretForm("Discord's webhooks", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/."),
    SecretForm(
        "Microsoft's webhooks", ("webhook",), r"\.webhook\.office\.com/webhookb2/.|outlook\.office\.com/webhook/."
    ),
    SecretForm("Zapier", ("zapier.com/",), r"mcp\.zapier\.com/api/mcp/.|hooks\.zapier\.com/hooks/catch/."),
    SecretForm("Telegram", (":AA",), r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    SecretForm(
        "OpenAI, Anthropic, Stripe",
        ("sk-", "sk_", "rk_", "whsec_"),
        r"\bsk-[A-Za-z0-9_-]{20,}|\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{10,}|\bwhsec_[A-Za-z0-9+/=]{20,}",
    ),
    SecretForm("AWS", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    SecretForm(
        "Google",
        ("AIza", "ya29.", "GOCSPX-"),
        r"\bAIza[A-Za-z0-9_-]{30,}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}",
    ),
    SecretForm("Azure", ("AccountKey=", "SharedAccessKey="), "(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{16,}"),
    SecretForm(
        "npm, PyPI, RubyGems, Hugging Face, Docker",
        ("npm_", "pypi-", "rubygems_", "hf_", "dckr_"),
        r"\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{30,}|\brubygems_[a-f0-9]{40,}|\bhf_[A-Za-z0-9]{30,}"
        r"|\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}",
    ),
    SecretForm("a JSON Web Token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\."),
    SecretForm(
        "HashiCorp",
        ("hv", ".atlasv1."),
        r"\bhv[sbr]\.[A-Za-z0-9_-]{20,}|\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{20,}",
    ),
    SecretForm("Databricks", ("dapi",), r"\bdapi[a-f0-9]{32}"),
    SecretForm("Airtable", ("pat",), r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{30,}"),
    SecretForm("HubSpot", ("pat-",), r"\bpat-[a-z]{2}[0-9]-[a-f0-9-]{30,}"),
    SecretForm("Shopify", ("shp",), r"\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{20,}"),
    SecretForm("Square", ("EAAA", "sq0"), r"\bEAAA[A-Za-z0-9_-]{40,}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{20,}"),
    SecretForm("SendGrid", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    SecretForm("DigitalOcean", ("do",), r"\bdo[opr]_v1_[a-f0-9]{40,}"),
    SecretForm("Linear, Figma", ("lin_", "figd_"), r"\blin_(?:api|oauth)_[A-Za-z0-9]{20,}|\bfigd_[A-Za-z0-9_-]{20,}"),
    SecretForm("Notion", ("ntn_", "secret_"), r"\bntn_[A-Za-z0-9]{20,}|\bsecret_[A-Za-z0-9]{40,}"),
    SecretForm("Grafana", ("gl",), r"\bglsa_[A-Za-z0-9_]{20,}|\bglc_[A-Za-z0-9+/=]{20,}"),
    SecretForm("Sentry, PostHog", ("sntry", "phx_"), r"\bsntry[us]_[A-Za-z0-9_=+/-]{20,}|\bphx_[A-Za-z0-9]{20,}"),
    SecretForm("New Relic", ("NRAK-",), r"\bNRAK-[A-Z0-9]{20,}"),
    SecretForm(
        "Postman, Doppler", ("PMAK-", "dp."), r"\bPMAK-[a-f0-9-]{20,}|\bdp\.(?:pt|st|ct|sa)\.[A-Za-z0-9._-]{20,}"
    ),
    SecretForm("Buildkite", ("bk",), r"\bbk(?:ua|at)_[a-f0-9]{20,}"),
    SecretForm(
        "Supabase, Neon, PlanetScale",
        ("sb", "napi_", "pscale_"),
        r"\bsb[pv]_[a-f0-9]{30,}|\bnapi_[a-z0-9]{30,}|\bpscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{20,}",
    ),
    SecretForm(
        "Groq, xAI, Perplexity",
        ("gsk_", "xai-", "pplx-"),
        r"\bgsk_[A-Za-z0-9]{20,}|\bxai-[A-Za-z0-9]{20,}|\bpplx-[A-Za-z0-9]{20,}",
    ),
    SecretForm("Replicate, E2B", ("r8_", "e2b_"), r"\br8_[A-Za-z0-9]{20,}|\be2b_[a-f0-9]{20,}"),
    SecretForm(
        "Tavily, Firecrawl, Apify",
        ("tvly-", "fc-", "apify_"),
        r"\btvly-[A-Za-z0-9_-]{16,}|\bfc-[a-f0-9]{30,}|\bapify_api_[A-Za-z0-9]{20,}",
    ),
    SecretForm("Brave", ("BSA",), r"\bBSA[A-Za-z0-9_-]{24,}"),
    SecretForm(
        "Pinecone, LangSmith", ("pcsk_", "lsv2_"), r"\bpcsk_[A-Za-z0-9_]{20,}|\blsv2_(?:pt|sk)_[A-Za-z0-9_]{20,}"
    ),
    SecretForm(
        "Vercel, Netlify, Heroku",
        ("nfp_", "HRKU-", "vercel_blob_"),
        r"\bnfp_[A-Za-z0-9]{20,}|\bHRKU-[A-Za-z0-9_-]{20,}|\bvercel_blob_rw_[A-Za-z0-9_]{20,}",
    ),
    SecretForm("Mailgun, Resend", ("key-", "re_"), r"\bkey-[a-f0-9]{32}\b|\bre_[A-Za-z0-9]{8}_[A-Za-z0-9]{16,}"),
    SecretForm(
        "a header", ("earer ", "EARER ", "asic ", "ASIC "), "(?i:" + r"\b(?:bearer|basic) +[A-Za-z0-9._~+/=-]{8,})"
    ),
    SecretForm("user:password@ in a URL", _URL_SCHEME, r"://[^/?#\s:@]*:[^/?#\s@]+@", ""),
    SecretForm(
        "user:password@ in a URL, with a / in it",
        _URL_SCHEME,
        r"://[^/?#\s:@]+:(?:[^0-9/\s@]|[0-9]+[^0-9/\s@])[^\s@]{0,300}@",
        "",
    ),
    SecretForm("a token alone before the host", _URL_SCHEME, r"(?i:https?://[^/?#\s:@]+@)", ""),
    SecretForm(
        "user:password@ of a MySQL driver", ("@tcp(", "@unix("), r"[^\s:/@]{1,100}:[^\s@]{1,300}@(?:tcp|unix)\(", ""
    ),
    SecretForm(
        "the query of a URL",
        ("?", "&"),
        r"(?i:[?&](?:[a-z0-9]+[_.-])*(?:key|apikey|api[_-]?key|sig|signature|token|secret|password|pass|pwd|auth|code)"
        r"=)[A-Za-z0-9%._~+/-]*[0-9%][A-Za-z0-9%._~+/=-]{4,}",
    ),
)


MARKS = (
    "_",
    "-",
    " ",
    "/",
    ".",
    ":",
    "=",
    "?",
    "&",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "dapi",
    "BSA",
    "EAAA",
    "ATBB",
    "ATATT",
    "ATCTT",
)
"""One of these is in every match of every form: what the chart looks for before it compiles the patterns."""
