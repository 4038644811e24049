"""What a plugin may not declare to GraphQL: it is refused at start, by its name and that of the thing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

import pytest
import strawberry

from core.errors import Refused
from core.extension.registry import Registry
from core.plugin_api import hookimpl
from schema import plugin_api
from schema.compose import composed_schema
from schema.plugin_api import (
    PART,
    CreateItemInput,
    DocumentLineDetails,
    DocumentLineInput,
    Extension,
    InputField,
    Item,
    Payload,
    argument,
    field,
    input_type,
    mutation_field,
    object_type,
    payload_type,
    query_field,
    subscription_field,
)
from tests.schema.modules import extending, plugin, tiny


class Fields:
    """A field on an item."""

    @field
    def acme_word(self) -> str:
        """A word."""
        return "word"


class Bare:
    acme_word: str = field("A word.")
    acme_bare: Any = field("Without a resolver.")


class Foreign:
    @field
    def word(self) -> str:
        """A word."""
        return "word"


class Taken:
    @field(name="name")  # type: ignore[untyped-decorator]  # a name in the API
    def acme_name(self) -> str:
        """A word."""
        return "word"


@object_type(permission=PART)
class Word:
    """Without the name of its plugin."""

    word: str = field("A word.")


@object_type(permission=PART, name="ItemUnit")
class AcmeUnit:
    """It is called like one of core's."""

    word: str = field("A word.")


@strawberry.type(description="Nobody says who may see it.")
class AcmeOpen:
    word: str = field("A word.")


@object_type(permission="acme.secret")
class AcmeSecret:
    """Of a permission that nobody has."""

    word: str = field("A word.")


@input_type
class AcmeInput:
    """A word."""

    word: str = field("A word.")


def leading(type_: Any, permission: str = "catalogue.read") -> type:
    """Queries with a field that leads to a type."""

    def acme(self: Any) -> Any:
        """A word."""

    acme.__annotations__ = {"return": type_ | None}
    return type("Queries", (), {"acme": query_field(permission=permission)(acme)})


class NoPayload:
    @mutation_field(permission="catalogue.write")
    def acme_do(self) -> str:
        """It answers with a word."""
        return "word"


class Deaf:
    @query_field(permission="catalogue.read")
    def acme_events(self) -> str:
        """No subscription."""
        return "word"


def hearing(name: str, permission: str = "catalogue.read") -> type:
    """Subscriptions with a field of this name."""

    async def acme(self: Any) -> AsyncIterator[str]:
        """Words."""
        yield "word"

    return type("Subscriptions", (), {name: subscription_field(permission=permission)(acme)})


BAD: dict[str, tuple[Any, str]] = {
    "no extension": (7, "does not answer with an Extension"),
    "a name without its own": (
        Extension(fields={Item: Foreign}),
        "Item.word does not contain acme",
    ),
    "a field of core": (Extension(fields={Item: Taken}), "Item.name is there already"),
    "no resolver": (
        Extension(fields={Item: type("F", (), {"acme_bare": Bare.__dict__["acme_bare"]})}),
        "Item.acme_bare has no resolver",
    ),
    "no type of core": (Extension(fields={Word: Fields}), "Word, which is no type of core"),
    "no type at all": (Extension(fields={int: Fields}), "int, which is no type of core"),
    "a type without its name": (
        Extension(queries=leading(Word)),
        "its type Word does not begin with Acme",
    ),
    "a further type without its name": (Extension(types=[Word]), "Word does not begin with Acme"),
    "a type of core's name": (Extension(queries=leading(AcmeUnit)), "ItemUnit"),
    "no permission": (Extension(queries=leading(AcmeOpen)), "AcmeOpen declares no permission"),
    "a permission nobody has": (
        Extension(queries=leading(AcmeSecret)),
        "AcmeSecret needs the undeclared permission acme.secret",
    ),
    "a field of such a permission": (
        Extension(queries=leading(str, "acme.other")),
        "Query.acme needs the undeclared permission acme.other",
    ),
    "everything for everybody": (
        Extension(queries=leading(plugin_api.Node, "(per type)")),
        "Query.acme needs the undeclared permission (per type)",
    ),
    "no payload": (
        Extension(mutations=NoPayload),
        "Mutation.acmeDo does not answer with a payload",
    ),
    "a subscription without its own name": (
        Extension(subscriptions=hearing("words")),
        "Subscription.words does not contain acme",
    ),
    "a subscription of core's": (
        Extension(subscriptions=hearing("document_events")),
        "Subscription.documentEvents is there already",
    ),
    "a subscription for nobody": (
        Extension(subscriptions=hearing("acme_words", "acme.other")),
        "Subscription.acmeWords needs the undeclared permission acme.other",
    ),
    "a query as a subscription": (
        Extension(subscriptions=Deaf),
        "Subscription.acme_events is not declared as a field of Subscription",
    ),
    "a subscription as a query": (
        Extension(queries=hearing("acme_words")),
        "Query.acme_words is not declared as a field of Query",
    ),
    "an input nobody reads": (
        Extension(inputs={plugin_api.argument: InputField(AcmeInput, dict, "A word.")}),  # type: ignore[dict-item]  # no type
        "no type of core",
    ),
    "an input that is none": (
        Extension(inputs={DocumentLineInput: InputField(Word, dict, "A word.")}),
        "its field of DocumentLineInput needs an @input_type",
    ),
    "an object as input": (
        Extension(inputs={Item: InputField(AcmeInput, dict, "A word.")}),
        "Item is no input that plugins may extend",
    ),
    "a field of an interface": (
        Extension(fields={plugin_api.Node: Fields}),
        "Interface field Node.acmeWord expected but",
    ),
    "a field of every list": (
        Extension(fields={plugin_api.Connection: Fields}),
        "Connection, which is no type of core",
    ),
    "a value nobody keeps": (
        Extension(inputs={CreateItemInput: InputField(AcmeInput, dict, "A word.")}),
        "CreateItemInput would be lost without save_attributes",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_declarations_are_refused_by_name(name: str) -> None:
    extension, told = BAD[name]
    good = tiny("aaa")  # others are not blamed
    with pytest.raises(Refused) as refused:
        composed_schema(Registry([good, extending("acme", extension), tiny("zzz")]))
    (refusal,) = refused.value.refusals
    assert refusal.code == "BAD_PLUGIN"
    assert refusal.details["plugin"] == "acme"
    assert told in refusal.details["reason"]


def test_plugins_do_not_collide() -> None:
    class Twice:
        @query_field(permission="catalogue.read")
        def one_acme_two(self) -> str:
            """It contains the names of both."""
            return "word"

    both = [extending(name, Extension(queries=Twice)) for name in ("acme", "two")]
    with pytest.raises(Refused, match=r"The plugin two .*Query\.oneAcmeTwo is there already"):
        composed_schema(Registry(both))

    @object_type(permission=PART, name="AcmeTwo")
    class One:
        """Of the first."""

        word: str = field("A word.")

    @object_type(permission=PART, name="AcmeTwo")
    class Other:
        """Of the second, which is called like the first."""

        number: int = field("A number.")

    types = [
        extending("acme", Extension(types=[One])),
        extending("acme_two", Extension(types=[Other])),
    ]
    with pytest.raises(Refused, match=r"The plugin acme_two .*AcmeTwo"):
        composed_schema(Registry(types))


def test_a_hook_that_fails_is_refused() -> None:
    @hookimpl
    def graphql() -> Extension:
        raise ValueError("broken")

    with pytest.raises(Refused, match=r"The plugin acme .*graphql failed \(ValueError: broken\)"):
        composed_schema(Registry([plugin("acme", graphql=graphql)]))


def test_misspelt_hooks_are_refused() -> None:
    @hookimpl
    def grapql() -> Extension:
        return Extension()

    with pytest.raises(Refused, match=r"The plugin acme .*unknown hook 'grapql'"):
        composed_schema(Registry([tiny("aaa"), plugin("acme", grapql=grapql)]))

    @hookimpl
    def graphql(what: int) -> Extension:
        return Extension()

    with pytest.raises(Refused, match=r"The plugin acme .*a hook does not fit"):
        composed_schema(Registry([tiny("aaa"), plugin("acme", graphql=graphql)]))


def test_parts_are_gathered_and_none_declares_what_another_does() -> None:
    class One:
        @query_field(permission="settings.read")
        def acme_one(self) -> int:
            """One."""
            return 1

    class Two:
        @query_field(permission="settings.read")
        def acme_two(self) -> int:
            """Two."""
            return 2

    whole = plugin_api.gathered([Extension(queries=One), Extension(), Extension(queries=Two)])
    query = composed_schema(Registry([extending("acme", whole)]))._schema.query_type
    assert query is not None
    assert {"acmeOne", "acmeTwo"} <= query.fields.keys()
    with pytest.raises(ValueError, match=r"two parts declare \['acme_one'\]"):
        plugin_api.gathered([Extension(queries=One), Extension(queries=One)])


def test_a_subscription_is_shown_where_its_module_is_on() -> None:
    parts = [
        Extension(subscriptions=hearing("acme_one")),
        Extension(subscriptions=hearing("acme_two")),
    ]
    schema = composed_schema(Registry([extending("acme", plugin_api.gathered(parts))]))
    shown = {
        modules: set(root.fields)
        for modules in (frozenset[str](), frozenset({"acme"}))
        if (root := schema.view(modules)._schema.subscription_type)
    }
    core = {"documentEvents"}
    assert shown == {frozenset(): core, frozenset({"acme"}): core | {"acmeOne", "acmeTwo"}}


@input_type
class AcmePartInput(DocumentLineDetails):
    """What becomes a line of a document."""

    word: str = field("A word.")


@input_type
class AcmeTakenInput(DocumentLineDetails):
    """It has a field that another plugin adds to lines."""

    gift: str = field("A word.")


@input_type
class GiftInput:
    """What a plugin adds to lines."""

    paper: str = field("Which.")


@payload_type
class AcmePayload(Payload):
    """What was made."""

    words: list[str] | None = field("Words.", default=None)


class Makes:
    @mutation_field(permission="documents.post")
    def acme_make(self, parts: Annotated[list[AcmePartInput], argument("Lines.")]) -> AcmePayload:
        """Make something of them."""
        return AcmePayload(words=[one.word for one in parts])


class Takes:
    @mutation_field(permission="documents.post")
    def acme_make(self, parts: Annotated[list[AcmeTakenInput], argument("Lines.")]) -> AcmePayload:
        """Make something of them."""
        return AcmePayload(words=[one.gift for one in parts])


def test_what_modules_add_to_lines_joins_inputs_that_become_lines() -> None:
    read = InputField(GiftInput, lambda sent: {"paper": sent.paper}, "A gift.")
    gift = extending("gift", Extension(inputs={DocumentLineInput: read}))
    schema = composed_schema(Registry([extending("acme", Extension(mutations=Makes)), gift]))
    for modules, fields in (({"acme"}, {"word"}), ({"acme", "gift"}, {"word", "gift"})):
        types: Any = schema.view(frozenset(modules))._schema.type_map
        assert types["AcmePartInput"].fields.keys() == fields
    with pytest.raises(Refused) as refused:
        composed_schema(Registry([extending("acme", Extension(mutations=Takes)), gift]))
    assert refused.value.refusals[0].details["plugin"] == "gift"
