from collections.abc import Mapping

def walk(
    html: str, traits: Mapping[str, int], /
) -> tuple[list[str], list[int], list[int], list[int], list[int], list[str], list[str], list[bool]] | None: ...
