"""Set the image of a container of a workload: from a mirror, with another tag, or another build."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import re2

from bot.cluster.snapshot import Snapshot
from bot.kube.objects import pod_spec_of
from bot.kube.pull_failures import normalized, registry_of
from bot.remedies.contract import Plan, one_text
from bot.remedies.shared.patch_action import Container, ContainerAction, Patch, containers_of, is_given
from bot.remedies.shared.refusal import unsafe
from intents.catalog.actions import ActionDeclaration, Argument
from intents.catalog.schema import Risk
from intents.domain import Json, Text
from responses.words import ActionWords

# The grammar of references of github.com/distribution/reference.
_LABEL: Final = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_HOST: Final = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE: Final = re2.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
# A name has at most 255 characters, without tag and digest.
_LONGEST: Final = 512


class SetImage(ContainerAction):
    """Writes the image of a container."""

    declaration = ActionDeclaration(
        name="set-image",
        args={
            "container": Argument(says="its name", required=True),
            "image": Argument(says="registry/repository:tag or repository@sha256:…", required=True),
        },
        least_risk=Risk.DISRUPTIVE,
    )
    words = ActionWords(
        verb=Text(en="Set image", zh="设置镜像"),
        does=Text(
            en="Changes the image of a container of this workload and replaces its pods.",
            zh="更换此工作负载中容器的镜像，并替换其 Pod。",
        ),
    )

    async def change(self, snapshot: Snapshot, plan: Plan, workload: Json, container: Container) -> Patch:
        given, before = plan.args.get("image"), str(container.manifest.get("image", ""))
        _check_image(given)
        image = str(given).strip()
        if before and normalized(image) == normalized(before):
            raise unsafe(
                f"container {container.name} of {plan.target} already has the image {before}; "
                "restart the workload to pull it again",
                f"{plan.target} 的容器 {container.name} 已是镜像 {before}；如需重新拉取，请重启工作负载",
            )
        return Patch(
            body={"image": image},
            says=Text(
                en=f"{container.name} of {plan.target} was set to image {image}",
                zh=f"已将 {plan.target} 中 {container.name} 的镜像设为 {image}",
            ),
            effects=one_text(
                f"Container {container.name}: {before} → {image}", f"容器 {container.name}：{before} → {image}"
            ),
            warnings=tuple(_warnings(workload, container, before, image)),
        )


def _check_image(given: Any) -> None:
    """Refuse what is no image reference."""
    if not is_given(given):
        raise unsafe("no image was given", "未填写镜像")
    image = str(given).strip()
    if len(image) <= _LONGEST and re2.fullmatch(_REFERENCE, image):
        return
    shown = image[:100]
    if "://" in image:
        raise unsafe(
            f"{shown!r} is not an image; leave out {image.partition('://')[0]}://",
            f"{shown!r} 不是镜像；请去掉协议前缀",
        )
    if re2.fullmatch(_REFERENCE, image.lower()):
        raise unsafe(
            f"{shown!r} is not an image; a repository name must be lower case", f"{shown!r} 不是镜像；仓库名必须小写"
        )
    raise unsafe(
        f"{shown!r} is not an image; expected registry/repository:tag or repository@sha256:…",
        f"{shown!r} 不是镜像；应为 registry/repository:tag 或 repository@sha256:…",
    )


def _warnings(workload: Json, container: Container, before: str, image: str) -> Iterator[Text]:
    old, new = registry_of(before), registry_of(image)
    if old != new:
        # Another registry needs other credentials.
        spec = pod_spec_of(workload)
        named = ", ".join(str(each.get("name", "")) for each in spec.get("imagePullSecrets") or ())
        yield Text(
            en=f"It is pulled from {new} instead of {old}; pull secrets of the template: {named or 'none'}",
            zh=f"镜像将从 {new} 而不是 {old} 拉取；模板中的拉取凭据：{named or '无'}",
        )
    full = normalized(image)
    if "@" not in full and full.endswith(":latest"):
        # The tag may be another program on each node.
        kept = container.manifest.get("imagePullPolicy") == "IfNotPresent"
        yield Text(
            en="The tag latest is not a fixed version" + ("; nodes with a copy of it keep that copy" if kept else ""),
            zh="latest 不是固定版本" + ("；已有该镜像的节点会继续使用旧的副本" if kept else ""),
        )
    # Other containers with the same image usually share its version.
    same = [
        each.name
        for each in containers_of(workload)
        if each.name != container.name and str(each.manifest.get("image", "")) == before
    ]
    if same:
        yield Text(
            en=f"{', '.join(same)} has the same image now and keeps it",
            zh=f"{'、'.join(same)} 目前使用相同的镜像，且不会改变",
        )
