"""Paths of fields, and where a manifest really holds a value."""

from hypothesis import given
from hypothesis import strategies as st

from bot.kube import field_paths

TERM = {"topologyKey": "kubernetes.io/hostname", "namespaces": ["ok", "Bad_NS"]}
SPEC = {"affinity": {"podAntiAffinity": {"required": [TERM]}}, "containers": [{"name": "a", "image": "i"}]}


def test_a_path_is_steps_and_prints_as_it_was_written() -> None:
    path = field_paths.parse("spec.containers[0].env[12].name")

    assert path == ("spec", "containers", 0, "env", 12, "name")
    assert field_paths.text(path) == "spec.containers[0].env[12].name"
    assert field_paths.pointer(path) == "/spec/containers/0/env/12/name"


def test_a_key_with_dots_and_slashes_is_one_step() -> None:
    path = field_paths.parse("metadata.labels[app.kubernetes.io/name]")

    assert path == ("metadata", "labels", "app.kubernetes.io/name")
    assert field_paths.text(path) == "metadata.labels[app.kubernetes.io/name]"
    assert field_paths.pointer(path) == "/metadata/labels/app.kubernetes.io~1name"


def test_a_value_is_found_where_the_manifest_calls_the_field_otherwise() -> None:
    path = field_paths.parse("affinity.podAntiAffinity.required[0].namespace")
    near = field_paths.parent(SPEC, path)

    assert field_paths.text(near) == "affinity.podAntiAffinity.required[0]"
    (found,) = field_paths.paths_holding(SPEC, "Bad_NS", under=near)
    assert field_paths.text(found) == "affinity.podAntiAffinity.required[0].namespaces[1]"


def test_of_several_places_the_likest_end_counts_then_the_hint_and_never_a_guess() -> None:
    wanted = field_paths.parse("spec.template.spec.affinity.namespaces[0]")
    pd, tikv = (field_paths.parse(f"spec.{part}.affinity.namespaces[0]") for part in ("pd", "tikv"))
    other = field_paths.parse("spec.tikv.note")

    assert field_paths.most_similar([other, pd], wanted) == pd
    assert field_paths.most_similar([pd, tikv], wanted, hint="tikv") == tikv
    assert field_paths.most_similar([pd, tikv], wanted) is None
    assert field_paths.most_similar([], wanted) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(json_values)
def test_every_leaf_is_found_at_its_own_path(manifest: object) -> None:
    for path, leaf in field_paths.leaves(manifest):
        assert field_paths.get(manifest, path) == leaf
        assert field_paths.parent(manifest, path) == path


@given(json_values, st.text(max_size=40))
def test_no_path_breaks_a_look_up(manifest: object, path: str) -> None:
    steps = field_paths.parse(path)
    assert field_paths.has(manifest, steps) or field_paths.get(manifest, steps) is None
