"""Reports that do not say themselves what they reflect are told apart by their content: an ETag, and 304 for the same again."""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/v1/reports/"
OK, NOT_MODIFIED = 200, 304


class TaggedReports:
    """Gives every report without an ETag one, and answers 304 to who has it (RFC 9110, 13.1.2)."""

    def __init__(self, app: ASGIApp) -> None:
        """`app`: what answers."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get("if-none-match", "")
        start: Message | None = None
        body = b""

        async def send_tagged(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                if message["status"] == OK and "etag" not in Headers(raw=message["headers"]):
                    start = message
                    return
            elif start is not None:
                body += message.get("body", b"")
                if message.get("more_body"):
                    return
                await send(_tagged(start, body, given))
                await send({"type": "http.response.body", "body": b"" if start["status"] == NOT_MODIFIED else body})
                return
            await send(message)

        await self.app(scope, receive, send_tagged)


def _tagged(start: Message, body: bytes, given: str) -> Message:
    """The answer's head with the tag of its body; 304 when it is the one given."""
    headers = MutableHeaders(raw=start["headers"])
    headers["etag"] = f'"{sha256(body).hexdigest()[:32]}"'
    headers["cache-control"] = "private, no-cache"
    headers["vary"] = "Accept, Accept-Language, Authorization"
    if headers["etag"] in {each.strip().removeprefix("W/") for each in given.split(",")}:
        start["status"] = NOT_MODIFIED
        del headers["content-length"], headers["content-type"]
    return start
