"""The roles of columns, and the header words that identify them: data."""

import re
from enum import StrEnum


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


#: The first pattern that matches the folded header decides the role.
BY_HEADER: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (
            Role.SIDE,
            (
                r"\b(?:dr ?[/ ]? ?cr|cr ?[/ ]? ?dr|d ?/ ?c|c ?/ ?d|debit ?[/ ]? ?credit"
                r"|credit ?[/ ]? ?debit|soll ?[/ ]? ?haben|s ?/ ?h|sign|vorzeichen|sens|signo"
                r"|sinal|direction)\b"
                r"|貸借|借方|符号|^\+ ?/? ?-$"
            ),
        ),
        (
            Role.LIFE,
            (
                r"\bexpir\w*|\bvalid(?:ity)? ?(?:until|to|from|through|thru)?\b|\bablauf\w*"
                r"|\bgultig\w*|\becheance|\bvencimiento|\bcaduc\w*|\bvalidade|\bvencimento|有効期限"
                r"|失効|\bgrant(?:ed)? (?:date|on)\b|\baward(?:ed)? (?:date|on)\b"
                r"|\bactivat\w* (?:date|on)\b"
            ),
        ),
        (
            Role.RECORD_DATE,
            (
                r"\b(?:issued?|invoice|bill|payment|paid|due|created?|creation|updated?|modified"
                r"|upload\w*|export\w*|posted|posting|booked|booking|approved|approval|signed"
                r"|request\w*|submitted|applied|processed|entry|transaction|record|report"
                r"|fallig\w*|buchungs?)(?: at| on| ?date\w*| ?datum| ?time\w*)\b"
                r"|rechnungsdatum|buchungsdatum|erstell\w*datum|faelligkeit|falligkeit"
                r"|date (?:de )?(?:facture|paiement|creation|emission)"
                r"|date (?:issued|created|paid|posted|of issue)"
                r"|fecha (?:de )?(?:factura|pago|creacion|emision)"
                r"|data (?:da )?(?:fatura|pagamento|criacao|emissao)|請求日|支払日|作成日|発行日"
            ),
        ),
        (
            Role.USAGE,
            (
                r"\busage (?:type|quantity|unit|amount|account name)\w*|\binstance types?\b"
                r"|\boperation\b|\bpurchase option\b|使用タイプ|使用量タイプ"
            ),
        ),
        (
            Role.PERCENT,
            (
                r"[%‰]|\bpercent\w*|\bprozent\w*|\bpourcent\w*|\bporcent\w*|\bratio\b|\bshare\b"
                r"|\btaux\b|\btasa\b|\btaxa de\b|\brate\b(?! ?(?:id|code))|satz\b|パーセント|割合"
                r"|比率|レート"
            ),
        ),
        (
            Role.COUNT,
            (
                r"#.|.#|\bcount\b|\bnumber of\b|\bno of\b|\bqty\b|\bquantity\b|\banzahl\b"
                r"|\bmenge\b|\bnombre de\b|\bcantidad\b|\bquantidade\b|\bquantite\b|数量|件数|回数"
            ),
        ),
        (
            Role.BALANCE,
            (
                r"\bbalances?\b|\bremain\w*|\bleft\b|\bavailable\b|\bgrant(?:s|ed)?\b"
                r"|\binitial\b|\boriginal\b|\bopening\b|\bclosing\b|\blimit\b|\bbudget\b|\bcap\b"
                r"|\bytd\b|\bmtd\b|\bqtd\b|\bto date\b|\bcumulat\w*|\blifetime\b|\brunning\b"
                r"|\ball time\b|\bsaldo\b|\bsolde\b|\brestant\w*|\brestbetrag\b|\bverbleib\w*"
                r"|\bdisponib\w*|\bdisponivel\b|\bcommit\w*|\bunused\b|\bused\b|\bconsumed\b"
                r"|\bverbraucht\w*|\bprevious\b|\bprior\b|\blast (?:month|year)\b|\bkumuliert\w*"
                r"|残高|残り|残額|累計"
            ),
        ),
        (
            Role.ESTIMATE,
            (
                r"\bestimat\w*|\bprovisional\b|\bpreliminary\b|\bforecast\w*"
                r"|\bfinal(?:i[sz]ed)?\b|\bdraft\b|geschatzt|vorlaufig|\bestime\w*"
                r"|\bprovisoire\b|\bestimad\w*|見積|概算|推定|暫定"
            ),
        ),
        (
            Role.CURRENCY,
            (
                r"\bcurrenc(?:y|ies)\b(?! ?amount)|\bccy\b|\bcurr\b|\bwahrung\w*|\bdevise\b"
                r"|\bmonnaie\b|\bmoneda\b|\bdivisa\b|\bmoeda\b|\bvaluta\b|通貨"
            ),
        ),
        (
            Role.UNIT,
            (
                r"(?<!business )(?<!org )(?<!operating )(?<!reporting )(?<!organizational )"
                r"(?<!organisational )(?<!organization )\bunits?\b(?! ?name)|\beinheit\b"
                r"|\bunites?\b|\bunidade?s?\b|\bscale\b"
                r"|\bmultiplier\b|\bfactor\b|\bfaktor\b|単位|\buom\b"
            ),
        ),
        (
            Role.STATUS,
            (
                r"(?<!account )\bstatus\b|\bstatut\b|\bestado\b|\betat\b|\bsituac\w*|\bstate\b"
                r"|\bzustand\b"
                r"|\bapproved\b|\bapproval\b|\bpaid\b|ステータス|状態|状況"
            ),
        ),
        (
            Role.DIMENSION,
            (
                r"\b(?:account|customer|client|credit|program|programme|partner|product|service"
                r"|resource|plan|support|billing|deal) (?:type|category|class|kind)\b"
                r"|\baccount status\b|\b(?:business|org\w*|operating|reporting) units?\b"
            ),
        ),
        (
            Role.TYPE,
            (
                r"\btypes?\b|\bkind\b|\bcategor\w*|\bkategorie\b|\bart\b|\btyp\b|\btipo\b"
                r"|\bclass\b|\bnature\b|種類|種別|タイフ|カテコリ|区分|\brecord\b|\btransaction\b"
            ),
        ),
        (
            Role.NUMBER,
            (
                r"\b(?:payer|management|master|paying|parent|root|bank|billing account|bill payer"
                r"|customer|client|kunde\w*|kunden\w*|cliente|vendor|supplier|partner|asset"
                r"|invoice|rechnungs?\w*|po|purchase order|order|bestell\w*|commande|pedido"
                r"|contract|vertrags?\w*|contrat\w*|reference|referenz|ref|ticket|case"
                r"|opportunity|deal|agreement|document|beleg\w*|voucher|coupon|transaction"
                r"|organi[sz]ation|credit|program|project|cost cent(?:er|re)|service|product"
                r"|resource|sku|rate|billing period|employee|item|record) ?(?:account)? ?(?:id"
                r"|ids|no|nr|number|num|nummer|code|key|#|arn)\b"
                r"|\bpo\b|顧客|請求書|注文"
            ),
        ),
        (
            Role.START,
            (r"\b(?:start|begin|beginning|from|von|debut|inicio|desde|beginn)\w*\b|開始"),
        ),
        (
            Role.END,
            (r"\b(?:end|ending|ende|fin|hasta|ate|bis|through|until)\b|\benddate\b|終了"),
        ),
        (
            Role.YEAR,
            (r"^(?:\w+ )?(?:year|jahr|annee|ano)$|^年$"),
        ),
        (
            Role.MONTH,
            (
                r"\bmonths?\b|monat\b|\bmois\b|\bmes(?:es)?\b|\bmaand\b|\bmese\b|\bperiods?\b"
                r"|\bperiode\b|\bperiodo\b|zeitraum\b|\bdates?\b|datum\b|\bfecha\b|\bdata\b"
                r"|\bday\b|\btag\b|\bquarter\b|quartal\b|\btrimestre\b|\bfiscal\b|\bfy\b"
                r"|\bexercice\b|\byear\b|\bjahr\b|\bannee\b|\bweek\b|\btime(?:stamp)?\b|月|日付|期間"
                r"|日時|年度|四半期|\bas of\b"
            ),
        ),
        (
            Role.COST,
            (
                r"\bcosts?\b|\busage\b|\btax(?:es)?\b"
                r"|\bcharges?\b(?! ?(?:type|categor|class|kind|period|desc))|\bfees?\b|\bnet\b"
                r"|\bgross\b|\bprices?\b|\bspend\w*|\bdiscounts?\b|\brefunds?\b|\bvat\b"
                r"|\bsavings?\b|\bsubtotal\b|\binvoice (?:amount|total)\b|\bbilled\b"
                r"|\b(?:amount|total) (?:due|paid|billed|invoiced)\b|\bkosten\b|\bverbrauch\b"
                r"|steuer\b|\bmwst\b|\brabatt\b|\bcouts?\b|\btaxe\b"
                r"|\bmontant (?:net|facture|ht|ttc)\b|\bcost[oe]s?\b|\bimpuestos?\b|\bcustos?\b"
                r"|\bimpostos?\b|コスト|費用|使用料|税|料金"
            ),
        ),
        (
            Role.NOTES,
            (
                r"\bnotes?\b|\bcomments?\b|\bremarks?\b|\bmemo\b|\bdescription\b"
                r"|\bbeschreibung\b|\bbemerkung\w*|\bdescrip\w*|\bdescric\w*|\bcommentaires?\b"
                r"|\bobserv\w*|\bhinweis\w*|\breason\b|\bgrund\b|\bmotif\b|\bmotivo\b"
                r"|\bdetails?\b|\bbezeichnung\b|\blibelle\b|\bconcepto\b|\btext\b|備考|説明|摘要|メモ"
                r"|コメント"
            ),
        ),
        (
            Role.NAME,
            (
                r"\bnames?\b|\balias\w*|\blabels?\b|\bnom\b|\bnombre\b|\bnome\b|\bkontoname\b|名前"
                r"|名称|名$|アカウント名"
            ),
        ),
        (
            Role.DIMENSION,
            (
                r"\bteams?\b|\bdepartment\b|\bdept\b|\babteilung\b|\bdepartement\b"
                r"|\bdepartamento\b|\bcost ?cent(?:er|re)s?\b|\bkostenstelle\b"
                r"|\bcentro de cost[eo]s?\b|\bprojects?\b|\bprojekt\b|\bprojet\b|\bproyecto\b"
                r"|\bprojeto\b|\bowners?\b|\bbesitzer\b|\bverantwort\w*|\bproprietaire\b"
                r"|\brespons\w*|\be ?-?mails?\b|\benvironment\b|\benv\b|\bumgebung\b|\bou\b"
                r"|\borgani[sz]ation\w*|\borg\b|\bbusiness\b|\bdivision\b|\bentity\b|\bcompany\b"
                r"|\bfirma\b|\bsociete\b|\bempresa\b|\bregions?\b|\bcountry\b|\bland\b|\bpays\b"
                r"|\bservices?\b|\bproducts?\b|\bprodukt\b|\bproduit\b|\bproducto\b|\bproduto\b"
                r"|\bprogram(?:me|m|a)?s?\b|\bcampaign\b|\boffers?\b|\bapplications?\b|\bapps?\b"
                r"|\bworkload\b|\btags?\b|\bmanagers?\b|\bcontacts?\b|\btower\b|\bsquad\b"
                r"|\bgroups?\b|\bgruppe\b|\bgroupe\b|\bgrupo\b|\bplatform\b|\btenant\b"
                r"|\bdomain\b|\bportfolio\b|\blocations?\b|\bsite\b|\bsegment\b|\bsku\b"
                r"|\bsource\b|\bfolder\b|\bpath\b|\btree\b|\bcustomer\b|\bclient\b|\bkunde\b"
                r"|\bcliente\b|\bpartner\b|\bvendor\b|\bseller\w*|\bcodes?\b|\bunit name\b"
                r"|\bunit\b|\bprogramm\b|\bstage\b|\bvertical\b|\bcredit name\b|\blegal\b"
                r"|\bzone\b|\bcase service\b|\bsubscription\b|\bdienst\b|\bservicio\b"
                r"|\bservico\b|部門|プロジェクト|会社|サービス|製品|クルーフ|チーム|担当"
            ),
        ),
        (
            Role.INDEX,
            (
                r"^(?:#|index|no|nr|row|line|seq|sequence|pos|position|zeile|ligne|fila|linha|id"
                r"|item|s ?/? ?no|sr ?no|番号|行)?$"
            ),
        ),
    )
)
