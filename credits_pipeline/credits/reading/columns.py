"""What a column is: its role, from the words of its header and from its values.

Each role says what its column does to the rows (see `meaning`). A column without a role is refused.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from credits_pipeline.credits.reading import headers, vocabulary
from credits_pipeline.credits.reading.accounts import looks_like_account
from credits_pipeline.credits.reading.amounts import FOREIGN_CODES, spelling
from credits_pipeline.credits.reading.characters import clean, folded, plain
from credits_pipeline.credits.reading.months import month_text
from credits_pipeline.credits.reading.values import Values

_LONGEST = 200


class Role(StrEnum):
    """What a column is."""

    BLANK = "blank"
    CURRENCY = "currency"
    UNIT = "unit"
    ESTIMATE = "estimate"
    SIDE = "debit or credit"
    STATUS = "status"
    TYPE = "type"
    MONTH = "month"
    YEAR = "year"
    START = "start"
    END = "end"
    RECORD_DATE = "date of a record"
    LIFE = "life of a credit"
    PERCENT = "percent"
    COUNT = "count"
    BALANCE = "grant or balance"
    COST = "cost"
    USAGE = "usage"
    NUMBER = "number"
    INDEX = "index"
    NAME = "name"
    DIMENSION = "dimension"
    NOTES = "notes"
    ACCOUNT = "another account"
    MONEY = "another amount"
    UNKNOWN = "unknown"


#: The first pattern that is found in the folded header says the role.
_BY_HEADER: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (
            Role.SIDE,
            r"\b(?:dr ?[/ ]? ?cr|cr ?[/ ]? ?dr|d ?/ ?c|c ?/ ?d|debit ?[/ ]? ?credit|credit ?[/ ]? ?debit"
            r"|soll ?[/ ]? ?haben|s ?/ ?h|sign|vorzeichen|sens|signo|sinal|direction)\b|貸借|借方|符号|^\+ ?/? ?-$",
        ),
        (
            Role.LIFE,
            r"\bexpir\w*|\bvalid(?:ity)? ?(?:until|to|from|through|thru)?\b|\bablauf\w*|\bgultig\w*"
            r"|\becheance|\bvencimiento|\bcaduc\w*|\bvalidade|\bvencimento|有効期限|失効"
            r"|\bgrant(?:ed)? (?:date|on)\b|\baward(?:ed)? (?:date|on)\b|\bactivat\w* (?:date|on)\b",
        ),
        (
            Role.RECORD_DATE,
            r"\b(?:issued?|invoice|bill|payment|paid|due|created?|creation|updated?|modified|upload\w*"
            r"|export\w*|posted|posting|booked|booking|approved|approval|signed|request\w*|submitted|applied"
            r"|processed|entry|transaction|record|report|fallig\w*|buchungs?)(?: at| on| ?date\w*| ?datum| ?time\w*)\b"
            r"|rechnungsdatum|buchungsdatum|erstell\w*datum|faelligkeit|falligkeit|date (?:de )?(?:facture|paiement|creation|emission)"
            r"|date (?:issued|created|paid|posted|of issue)|fecha (?:de )?(?:factura|pago|creacion|emision)"
            r"|data (?:da )?(?:fatura|pagamento|criacao|emissao)|請求日|支払日|作成日|発行日",
        ),
        (
            Role.USAGE,
            r"\busage (?:type|quantity|unit|amount|account name)\w*|\binstance types?\b|\boperation\b|\bpurchase option\b"
            r"|使用タイプ|使用量タイプ",
        ),
        (
            Role.PERCENT,
            r"[%‰]|\bpercent\w*|\bprozent\w*|\bpourcent\w*|\bporcent\w*|\bratio\b|\bshare\b|\btaux\b|\btasa\b"
            r"|\btaxa de\b|\brate\b(?! ?(?:id|code))|satz\b|パーセント|割合|比率|レート",
        ),
        (
            Role.COUNT,
            r"#.|.#|\bcount\b|\bnumber of\b|\bno of\b|\bqty\b|\bquantity\b|\banzahl\b|\bmenge\b|\bnombre de\b|\bcantidad\b"
            r"|\bquantidade\b|\bquantite\b|数量|件数|回数",
        ),
        (
            Role.BALANCE,
            r"\bbalances?\b|\bremain\w*|\bleft\b|\bavailable\b|\bgrant(?:s|ed)?\b|\binitial\b|\boriginal\b|\bopening\b|\bclosing\b"
            r"|\blimit\b|\bbudget\b|\bcap\b|\bytd\b|\bmtd\b|\bqtd\b|\bto date\b|\bcumulat\w*|\blifetime\b|\brunning\b|\ball time\b|\bsaldo\b|\bsolde\b"
            r"|\brestant\w*|\brestbetrag\b|\bverbleib\w*|\bdisponib\w*|\bdisponivel\b|\bcommit\w*|\bunused\b|\bused\b|\bconsumed\b"
            r"|\bverbraucht\w*|\bprevious\b|\bprior\b|\blast (?:month|year)\b|\bkumuliert\w*|残高|残り|残額|累計",
        ),
        (
            Role.ESTIMATE,
            r"\bestimat\w*|\bprovisional\b|\bpreliminary\b|\bforecast\w*|\bfinal(?:i[sz]ed)?\b|\bdraft\b|geschatzt|vorlaufig|\bestime\w*"
            r"|\bprovisoire\b|\bestimad\w*|見積|概算|推定|暫定",
        ),
        (
            Role.CURRENCY,
            r"\bcurrenc(?:y|ies)\b(?! ?amount)|\bccy\b|\bcurr\b|\bwahrung\w*|\bdevise\b|\bmonnaie\b|\bmoneda\b|\bdivisa\b|\bmoeda\b|\bvaluta\b|通貨",
        ),
        (
            Role.UNIT,
            r"\bunits?\b(?! ?name)|\beinheit\b|\bunites?\b|\bunidade?s?\b|\bscale\b|\bmultiplier\b|\bfactor\b|\bfaktor\b|単位|\buom\b",
        ),
        (
            Role.STATUS,
            r"\bstatus\b|\bstatut\b|\bestado\b|\betat\b|\bsituac\w*|\bstate\b|\bzustand\b|\bapproved\b|\bapproval\b|\bpaid\b|ステータス|状態|状況",
        ),
        (
            Role.DIMENSION,
            r"\b(?:account|customer|client|credit|program|programme|partner|product|service|resource|plan|support|billing|deal) (?:type|category|class|kind)\b",
        ),
        (
            Role.TYPE,
            r"\btypes?\b|\bkind\b|\bcategor\w*|\bkategorie\b|\bart\b|\btyp\b|\btipo\b|\bclass\b|\bnature\b|種類|種別|タイフ|カテコリ|区分|\brecord\b|\btransaction\b",
        ),
        (
            Role.NUMBER,
            r"\b(?:payer|management|master|paying|parent|root|bank|billing account|bill payer|customer|client|kunde\w*|kunden\w*|cliente|vendor|supplier|partner|asset|invoice|rechnungs?\w*"
            r"|po|purchase order|order|bestell\w*|commande|pedido|contract|vertrags?\w*|contrat\w*|reference|referenz|ref|ticket|case|opportunity|deal|agreement|document|beleg\w*|voucher|coupon|transaction|organi[sz]ation|credit|program|project|cost cent(?:er|re)|service|product|resource|sku|rate|billing period|employee|item|record)"
            r" ?(?:account)? ?(?:id|ids|no|nr|number|num|nummer|code|key|#|arn)\b|\bpo\b|顧客|請求書|注文",
        ),
        (Role.START, r"\b(?:start|begin|beginning|from|von|debut|inicio|desde|beginn)\w*\b|開始"),
        (Role.END, r"\b(?:end|ending|ende|fin|hasta|ate|bis|through|until)\b|\benddate\b|終了"),
        (Role.YEAR, r"^(?:\w+ )?(?:year|jahr|annee|ano)$|^年$"),
        (
            Role.MONTH,
            r"\bmonths?\b|monat\b|\bmois\b|\bmes(?:es)?\b|\bmaand\b|\bmese\b|\bperiods?\b|\bperiode\b|\bperiodo\b|zeitraum\b|\bdates?\b|datum\b"
            r"|\bfecha\b|\bdata\b|\bday\b|\btag\b|\bquarter\b|quartal\b|\btrimestre\b|\bfiscal\b|\bfy\b|\bexercice\b|\byear\b|\bjahr\b|\bannee\b|\bweek\b|\btime(?:stamp)?\b"
            r"|月|日付|期間|日時|年度|四半期|\bas of\b",
        ),
        (
            Role.COST,
            r"\bcosts?\b|\busage\b|\btax(?:es)?\b|\bcharges?\b(?! ?(?:type|categor|class|kind|period|desc))|\bfees?\b|\bnet\b|\bgross\b|\bprices?\b"
            r"|\bspend\w*|\bdiscounts?\b|\brefunds?\b|\bvat\b|\bsavings?\b|\bsubtotal\b|\binvoice (?:amount|total)\b|\bbilled\b|\b(?:amount|total) (?:due|paid|billed|invoiced)\b"
            r"|\bkosten\b|\bverbrauch\b|steuer\b|\bmwst\b|\brabatt\b|\bcouts?\b|\btaxe\b|\bmontant (?:net|facture|ht|ttc)\b|\bcost[oe]s?\b|\bimpuestos?\b"
            r"|\bcustos?\b|\bimpostos?\b|コスト|費用|使用料|税|料金",
        ),
        (
            Role.NOTES,
            r"\bnotes?\b|\bcomments?\b|\bremarks?\b|\bmemo\b|\bdescription\b|\bbeschreibung\b|\bbemerkung\w*|\bdescrip\w*|\bdescric\w*|\bcommentaires?\b|\bobserv\w*|\bhinweis\w*"
            r"|\breason\b|\bgrund\b|\bmotif\b|\bmotivo\b|\bdetails?\b|\bbezeichnung\b|\blibelle\b|\bconcepto\b|\btext\b|備考|説明|摘要|メモ|コメント",
        ),
        (
            Role.NAME,
            r"\bnames?\b|\balias\w*|\blabels?\b|\bnom\b|\bnombre\b|\bnome\b|\bkontoname\b|名前|名称|名$|アカウント名",
        ),
        (
            Role.DIMENSION,
            r"\bteams?\b|\bdepartment\b|\bdept\b|\babteilung\b|\bdepartement\b|\bdepartamento\b|\bcost ?cent(?:er|re)s?\b|\bkostenstelle\b|\bcentro de cost[eo]s?\b"
            r"|\bprojects?\b|\bprojekt\b|\bprojet\b|\bproyecto\b|\bprojeto\b|\bowners?\b|\bbesitzer\b|\bverantwort\w*|\bproprietaire\b|\brespons\w*|\be ?-?mails?\b|\benvironment\b|\benv\b|\bumgebung\b"
            r"|\bou\b|\borgani[sz]ation\w*|\borg\b|\bbusiness\b|\bdivision\b|\bentity\b|\bcompany\b|\bfirma\b|\bsociete\b|\bempresa\b|\bregions?\b|\bcountry\b|\bland\b|\bpays\b|\bservices?\b|\bproducts?\b"
            r"|\bprodukt\b|\bproduit\b|\bproducto\b|\bproduto\b|\bprogram(?:me|m|a)?s?\b|\bcampaign\b|\boffers?\b|\bapplications?\b|\bapps?\b|\bworkload\b|\btags?\b|\bmanagers?\b|\bcontacts?\b|\btower\b|\bsquad\b"
            r"|\bgroups?\b|\bgruppe\b|\bgroupe\b|\bgrupo\b|\bplatform\b|\btenant\b|\bdomain\b|\bportfolio\b|\blocations?\b|\bsite\b|\bsegment\b|\bsku\b|\bsource\b|\bfolder\b|\bpath\b|\btree\b|\bcustomer\b|\bclient\b"
            r"|\bkunde\b|\bcliente\b|\bpartner\b|\bvendor\b|\bseller\w*|\bcodes?\b|\bunit name\b|\bunit\b|\bprogramm\b|\bstage\b|\bvertical\b|\bcredit name\b|\blegal\b|\bzone\b|\bcase service\b|\bsubscription\b|\bdienst\b|\bservicio\b|\bservico\b"
            r"|部門|プロジェクト|会社|サービス|製品|クルーフ|チーム|担当",
        ),
        (
            Role.INDEX,
            r"^(?:#|index|no|nr|row|line|seq|sequence|pos|position|zeile|ligne|fila|linha|id|item|s ?/? ?no|sr ?no|番号|行)?$",
        ),
    )
)
_PERCENT = re.compile(r"-?[0-9]+(?:[.,][0-9]+)? ?%")
_INDEX = re.compile(r"[0-9]{1,7}\.?")
_CODE = re.compile(r"[A-Z]{3}")
_SIDE_LETTERS = frozenset(
    {"dr", "cr", "d", "c", "debit", "credit", "+", "-", "s", "h", "soll", "haben"}
)
#: Roles of text that says nothing of the amount, unless its values do.
#: Roles whose values are words or dates: amounts below such a name are something else.
_WORDY = frozenset(
    {
        Role.MONTH,
        Role.YEAR,
        Role.START,
        Role.END,
        Role.RECORD_DATE,
        Role.LIFE,
        Role.STATUS,
        Role.ESTIMATE,
        Role.TYPE,
        Role.SIDE,
    }
)
_OF_MONEY = frozenset({Role.BALANCE, Role.COST, Role.PERCENT, Role.COUNT})
TEXTS = frozenset({Role.NAME, Role.DIMENSION, Role.NOTES, Role.NUMBER, Role.INDEX})


def role_of(header: str, values: Values) -> Role:
    """The role of a column.

    Args:
        header: its header, as it stands; blank where it has none.
        values: its different values, blank ones left out.
    """
    if not values:
        return Role.BLANK
    named = _named(header)
    if named in _WORDY and any(_is_money(clean(value)) for value in values.telling()):
        return _named(header, _OF_MONEY)
    if named not in {*TEXTS, Role.UNKNOWN, Role.TYPE}:
        return named
    return _by_values(named, header, values)


def names_month(header: str) -> bool:
    """Whether a header is a name of a column of months."""
    return _named(header) in {Role.MONTH, Role.YEAR, Role.START, Role.END}


def _named(header: str, among: frozenset[Role] | None = None) -> Role:
    if len(header) > _LONGEST:
        return Role.UNKNOWN
    words = folded(header)
    if headers.is_account(header):
        return Role.ACCOUNT
    if headers.is_amount(header) or headers.may_be_amount(header) or headers.is_total(header):
        return Role.MONEY
    return next(
        (
            role
            for role, pattern in _BY_HEADER
            if (among is None or role in among) and pattern.search(words)
        ),
        Role.UNKNOWN if among is None else Role.MONEY,
    )


def _by_values(  # noqa: C901, PLR0911, PLR0912 - one kind after the other
    named: Role, header: str, values: Values
) -> Role:
    """The role that the values say, where they say another one than the header."""
    if all(map(_is_currency, values)):
        return Role.CURRENCY
    if all(_PERCENT.fullmatch(clean(value)) for value in values):
        return Role.PERCENT
    kinds = set() if named is Role.NAME else _only(_KINDS, map(headers.key, values))
    if kinds & _SURELY_NOT_CREDITS:
        return Role.TYPE
    if named is Role.TYPE:
        return Role.TYPE
    if named is not Role.NAME and len(_only(_SIDE_LETTERS, map(folded, values))) > 1:
        return Role.SIDE
    if named is Role.INDEX:
        return Role.INDEX if _counts_up(values) else _unnamed(header, values)
    money = any(_is_money(clean(value)) for value in values.telling())
    if named is Role.NUMBER:
        return Role.MONEY if money else Role.NUMBER
    if all(map(looks_like_account, values)):
        return Role.ACCOUNT
    if money or (named is not Role.DIMENSION and all(_is_number(clean(v)) for v in values)):
        return Role.MONEY
    if all(month_text(value) is not None for value in values):
        return Role.MONTH
    return named


def _only(known: frozenset[str], values: Iterable[str]) -> set[str]:
    """The values if all of them are known, else none."""
    found = set()
    for value in values:
        if value not in known:
            return set()
        found.add(value)
    return found


def _is_currency(value: str) -> bool:
    text = clean(value)
    return folded(text) in vocabulary.DOLLARS or (
        _CODE.fullmatch(text) is not None and text in FOREIGN_CODES
    )


def _unnamed(header: str, values: Values) -> Role:
    """The role of a column that is called Id, No or nothing, and does not count its rows."""
    if any(map(looks_like_account, values.telling())):
        return Role.ACCOUNT
    if any(_is_money(clean(value)) for value in values.telling()) or not plain(header):
        return Role.UNKNOWN
    return Role.NUMBER if folded(header) in {"id", "no", "nr", "item", "番号"} else Role.UNKNOWN


def _counts_up(values: Values) -> bool:
    """Whether the values are different whole numbers, such as a count of the rows."""
    if not all(_INDEX.fullmatch(clean(value)) for value in values):
        return False
    numbers = sorted(int(clean(value).rstrip(".")) for value in values)
    return numbers[-1] - numbers[0] <= 2 * len(numbers) + 10 and numbers[0] <= 10  # noqa: PLR2004 - titles and blank rows leave gaps


def _is_number(value: str) -> bool:
    return spelling(value).fault is None


def _is_money(value: str) -> bool:
    """Whether a value is an amount and no count or code: it has a currency, a sign or decimals."""
    return spelling(value).fault is None and not (value.isdigit() or value in {"", "-"})


#: Kinds that nothing else is called: no team, and no service.
_SURELY_NOT_CREDITS = vocabulary.NOT_CREDITS - frozenset(
    ("payment", "payments", "support", "subscription", "invoice", "net", "total", "pago", "frais")
)
_KINDS = vocabulary.NOT_CREDITS | vocabulary.CREDITS | vocabulary.PROGRAMMES
