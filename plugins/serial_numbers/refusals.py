"""Why a document cannot move units: told where it is posted."""

from __future__ import annotations

from core.plugin_api import define

NOT_BY_NUMBER = define(
    "SERIAL_NUMBERS_NOT_BY_NUMBER",
    en="{item} is not under serial control: no numbers belong here.",
    zh="{item} 未启用序列号管理,不应填写序列号。",
)
WRONG_COUNT = define(
    "SERIAL_NUMBERS_WRONG_COUNT",
    en="{quantity} of {item}, and {count} numbers: one number is one unit, in base units.",
    zh="{item} 数量为 {quantity},序列号有 {count} 个:一个序列号对应一件(基本单位)。",
)
UNKNOWN = define(
    "SERIAL_NUMBERS_UNKNOWN",
    en="{item} has no unit {number}.",
    zh="{item} 没有序列号 {number}。",
)
NOT_ALLOWED = define(
    "SERIAL_NUMBERS_NOT_ALLOWED",
    en="{number} of {item} is {state}: this document cannot move it.",
    zh="{item} 的序列号 {number} 状态为 {state},此单据不能处理。",
)
WRONG_PLACE = define(
    "SERIAL_NUMBERS_WRONG_PLACE",
    en="{number} of {item} is at {place}, not at {wanted}.",
    zh="{item} 的序列号 {number} 在 {place},不在 {wanted}。",
)
HAS_LEFT = define(
    "SERIAL_NUMBERS_HAS_LEFT",
    en="{number} of {item} has moved on since: it is {state}. Reverse what came later first.",
    zh="{item} 的序列号 {number} 之后已有变动(状态 {state}),请先红冲后续单据。",
)
NO_NUMBER = define(
    "SERIAL_NUMBERS_NO_NUMBER",
    en="{item} is under serial control, and these goods have no number.",
    zh="{item} 按序列号管理,但这些货品没有序列号。",
)
OTHER_LOT = define(
    "SERIAL_NUMBERS_OTHER_LOT",
    en="{number} of {item} belongs to batch {lot}, since it first came, and not to {wanted}.",
    zh="{item} 的序列号 {number} 自首次入库起属于批次 {lot},不属于 {wanted}。",
)
NOT_A_BATCH = define(
    "SERIAL_NUMBERS_NOT_A_BATCH",
    en="{lot} is the number of a unit of {item}, and cannot be the batch of others.",
    zh="{lot} 是 {item} 的单件序列号,不能作为批次。",
)
RESERVED = define(
    "SERIAL_NUMBERS_RESERVED",
    en="{number} of {item} is reserved for another order.",
    zh="{item} 的序列号 {number} 已为其他订单预留。",
)
TAKEN = define(
    "SERIAL_NUMBERS_TAKEN",
    en="One of these numbers belongs to a unit of another item already.",
    zh="其中有序列号已被其他商品使用。",
)
