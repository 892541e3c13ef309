"""What reads opinions: the model's API, and the nodes that hold the texts."""

import httpx

from ops.doctor.finding import Findings, note, ok, reason, wrong
from settings import Network, Settings, shown

TIMEOUT_S = 10.0
_EMPTY_BLOCK = "bafkqaaa"
"""The identity CID of no bytes: every gateway can answer it without asking anybody."""


async def look_at_claude(settings: Settings) -> Findings:
    """Whether the key may ask each model; counting tokens costs nothing."""
    if settings.anthropic_api_key is None:
        if settings.network in {Network.LOCALNET, Network.DEVNET}:
            yield note("claude", "ANTHROPIC_API_KEY is not set: a word list scores, and says so with each score")
        else:
            yield wrong("claude", "ANTHROPIC_API_KEY is not set", f"set it: on {settings.network} only a model scores")
        return
    from anthropic import AnthropicError, AsyncAnthropic

    async with AsyncAnthropic(
        api_key=settings.anthropic_api_key.get_secret_value(),
        base_url=settings.anthropic_base_url,
        timeout=TIMEOUT_S,
        max_retries=0,
    ) as claude:
        for model in dict.fromkeys(settings.analysis_models):
            try:
                await claude.messages.count_tokens(model=model, messages=[{"role": "user", "content": "hello"}])
            except AnthropicError as error:
                status = getattr(error, "status_code", None)
                words = f"{model} cannot be asked ({type(error).__name__}{f', status {status}' if status else ''})"
                yield wrong("claude", words, "check ANTHROPIC_API_KEY and ANALYSIS_MODELS, and status.claude.com")
            else:
                yield ok("claude", f"the key may ask {model}")


async def look_at_ipfs(settings: Settings) -> Findings:
    """Every gateway and every node's API."""
    asked = [("gateway", url, "GET", f"ipfs/{_EMPTY_BLOCK}?format=raw") for url in settings.ipfs_gateways]
    asked += [("node", url, "POST", "api/v0/version") for url in settings.ipfs_apis]
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        for kind, url, method, path in asked:
            part, remedy = f"ipfs {kind} {shown(url)}", "start it, or name another in IPFS_GATEWAYS or IPFS_APIS"
            try:
                answer = await client.request(method, f"{url.rstrip('/')}/{path}")
            except httpx.HTTPError as error:
                yield wrong(part, f"it does not answer ({reason(error)})", remedy)
                continue
            words = f"it answers with status {answer.status_code}"
            yield ok(part, words) if answer.is_success else wrong(part, words, remedy)
    if not settings.ipfs_apis and settings.network is not Network.LOCALNET:
        yield note("ipfs", "texts are kept on this host alone", "name two nodes in IPFS_APIS, so that none is lost")
