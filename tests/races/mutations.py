"""The mutations that the races send, as a front end writes them."""

from __future__ import annotations


def mutation(name: str, input_: str, answer: str) -> str:
    """A request with one mutation and its input as the variable ``input``."""
    return (
        f"mutation($input: {input_}!) {{ {name}(input: $input) {{"
        f" {answer} errors {{ code message path details }} }} }}"
    )


_STEP, _DOCUMENT = "DocumentStepInput", "document { id number state revision sequence }"

POST = mutation("postDocument", "PostDocumentInput", _DOCUMENT)
POST_MANY = """mutation($input: PostDocumentsInput!) { postDocuments(input: $input) {
  verdicts { document { id } errors { code } } errors { code message path details } } }"""
REVERSE = mutation("reverseDocument", "ReverseDocumentInput", _DOCUMENT)
SAVE_DRAFT = mutation("saveDraft", "SaveDraftInput", _DOCUMENT)
DELETE_DRAFT = mutation("deleteDraft", _STEP, "deletedId")
SUBMIT = mutation("submitDocument", _STEP, _DOCUMENT)
REJECT = mutation("rejectDocument", _STEP, _DOCUMENT)
APPROVE = mutation("approveDocument", _STEP, _DOCUMENT)
UNAPPROVE = mutation("unapproveDocument", _STEP, _DOCUMENT)
POST_DRAFT = mutation("postDraft", _STEP, _DOCUMENT)
CLOSE = mutation("closeOrder", _STEP, _DOCUMENT)
REOPEN = mutation("reopenOrder", _STEP, _DOCUMENT)
PLACE_HOLD = mutation("placeHold", "PlaceHoldInput", "hold { id releasedAt }")
RELEASE_HOLD = mutation("releaseHold", "ReleaseHoldInput", "hold { id releasedAt }")
CLOSE_PERIOD = mutation("closePeriod", "ClosePeriodInput", "books { closedThrough }")
REOPEN_PERIOD = mutation("reopenPeriod", "ReopenPeriodInput", "books { closedThrough }")
CREATE_ITEM = mutation("createItem", "CreateItemInput", "item { id }")
CREATE_PLACE = mutation("createPlace", "CreatePlaceInput", "place { id }")
UPDATE_ITEM = mutation("updateItem", "UpdateItemInput", "item { id }")
