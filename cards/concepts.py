"""The drugs, tests, problems and services that the medicine speaks of: key, names (English, Chinese) and class.

Codes do not stand here: which LOINC, ATC or ICD code means which key is the business of the reader.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Name(Struct, frozen=True):
    """What people call a thing, in both languages."""

    en: str
    zh: str

    def __getitem__(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class Data(StrEnum):
    """The groups of facts that a rule may read and a record may fail to give. Each is one query."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    MEDICATIONS = "medications"
    STATEMENTS = "statements"
    ADMINISTRATIONS = "administrations"
    DISPENSES = "dispenses"
    ALLERGIES = "allergies"
    PROCEDURES = "procedures"
    ORDERS = "orders"
    FAMILY_HISTORY = "family-history"
    IMAGING = "imaging"
    REPORTS = "reports"
    BONE_DENSITY = "bone-density"
    TURNOVER = "turnover"
    RENAL = "renal"
    CALCIUM = "calcium"
    VITAMIN_D = "vitamin-d"
    WORK_UP = "work-up"
    BODY = "body"
    FRACTURE_RISK = "fracture-risk"
    FUNCTION = "function"


COURSES = (Data.MEDICATIONS, Data.STATEMENTS, Data.ADMINISTRATIONS, Data.DISPENSES)
"""All that a drug course is put together from."""


class Mechanism(StrEnum):
    """How a drug works on bone, as far as the rules tell drugs apart."""

    BISPHOSPHONATE = "bisphosphonate"
    RANKL_INHIBITOR = "rankl-inhibitor"
    SERM = "serm"
    HORMONE_THERAPY = "hormone-therapy"
    PTH_ANALOG = "pth-analog"
    SCLEROSTIN_INHIBITOR = "sclerostin-inhibitor"
    CALCITONIN = "calcitonin"
    STRONTIUM = "strontium"
    VITAMIN_K2 = "vitamin-k2"
    ACTIVE_VITAMIN_D = "active-vitamin-d"
    VITAMIN_D = "vitamin-d"
    CALCIUM = "calcium"
    GLUCOCORTICOID = "glucocorticoid"
    AROMATASE_INHIBITOR = "aromatase-inhibitor"
    GNRH = "gnrh"
    PPI = "proton-pump-inhibitor"
    ANTIEPILEPTIC = "enzyme-inducing-antiepileptic"
    THIAZOLIDINEDIONE = "thiazolidinedione"
    HEPARIN = "heparin"
    NUCLEOTIDE = "nucleotide-analog"
    THYROID_HORMONE = "thyroid-hormone"
    ANTICOAGULANT = "anticoagulant"


ANTIRESORPTIVE = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.SERM, Mechanism.HORMONE_THERAPY})
ANABOLIC = frozenset({Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR})
ANTI_OSTEOPOROSIS = ANTIRESORPTIVE | ANABOLIC | {Mechanism.CALCITONIN, Mechanism.STRONTIUM, Mechanism.VITAMIN_K2}


class Drug(Struct, frozen=True):
    """A drug as the rules know it.

    ``covers_months`` is how long one injection works; None for drugs taken daily, weekly or monthly by mouth or by daily
    injection, which work as long as they are taken. ``oncologic`` marks the strengths for bone metastases: same
    ingredient, never an osteoporosis course.
    """

    key: str
    ingredient: str
    name: Name
    mechanism: Mechanism
    covers_months: int | None = None
    oral: bool = False
    oncologic: bool = False


def _drug(
    key: str,
    en: str,
    zh: str,
    mechanism: Mechanism,
    *,
    ingredient: str = "",
    covers: int | None = None,
    oral: bool = False,
    oncologic: bool = False,
) -> Drug:
    return Drug(key, ingredient or key, Name(en, zh), mechanism, covers, oral, oncologic)


_M = Mechanism
_DRUGS = (
    _drug("alendronate", "alendronate", "阿仑膦酸钠", _M.BISPHOSPHONATE, oral=True),
    _drug("risedronate", "risedronate", "利塞膦酸钠", _M.BISPHOSPHONATE, oral=True),
    _drug("ibandronate", "ibandronate (oral)", "伊班膦酸钠（口服）", _M.BISPHOSPHONATE, oral=True),
    _drug("ibandronate-iv", "ibandronate IV", "伊班膦酸钠（静脉）", _M.BISPHOSPHONATE, ingredient="ibandronate", covers=3),
    _drug("zoledronate", "zoledronate", "唑来膦酸", _M.BISPHOSPHONATE, covers=12),
    _drug(
        "zoledronate-oncology",
        "zoledronate 4 mg (oncology)",
        "唑来膦酸 4 mg（肿瘤用）",
        _M.BISPHOSPHONATE,
        ingredient="zoledronate",
        covers=1,
        oncologic=True,
    ),
    _drug("pamidronate", "pamidronate", "帕米膦酸二钠", _M.BISPHOSPHONATE, covers=3),
    _drug("minodronate", "minodronate", "米诺膦酸", _M.BISPHOSPHONATE, oral=True),
    _drug("etidronate", "etidronate", "依替膦酸二钠", _M.BISPHOSPHONATE, oral=True),
    _drug("clodronate", "clodronate", "氯膦酸二钠", _M.BISPHOSPHONATE, oral=True),
    _drug("denosumab", "denosumab", "地舒单抗", _M.RANKL_INHIBITOR, covers=6),
    _drug(
        "denosumab-oncology",
        "denosumab 120 mg (oncology)",
        "地舒单抗 120 mg（肿瘤用）",
        _M.RANKL_INHIBITOR,
        ingredient="denosumab",
        covers=1,
        oncologic=True,
    ),
    _drug("teriparatide", "teriparatide", "特立帕肽", _M.PTH_ANALOG),
    _drug("abaloparatide", "abaloparatide", "阿巴洛肽", _M.PTH_ANALOG),
    _drug("romosozumab", "romosozumab", "罗莫佐单抗", _M.SCLEROSTIN_INHIBITOR, covers=1),
    _drug("raloxifene", "raloxifene", "雷洛昔芬", _M.SERM, oral=True),
    _drug("bazedoxifene", "bazedoxifene", "巴多昔芬", _M.SERM, oral=True),
    _drug("calcitonin", "calcitonin (salmon)", "鲑降钙素", _M.CALCITONIN),
    _drug("elcatonin", "elcatonin", "依降钙素", _M.CALCITONIN),
    _drug("estradiol", "estradiol", "雌二醇", _M.HORMONE_THERAPY, oral=True),
    _drug("estradiol-transdermal", "estradiol (transdermal)", "雌二醇（经皮）", _M.HORMONE_THERAPY, ingredient="estradiol"),
    _drug("conjugated-estrogens", "conjugated estrogens", "结合雌激素", _M.HORMONE_THERAPY, oral=True),
    _drug("tibolone", "tibolone", "替勃龙", _M.HORMONE_THERAPY, oral=True),
    _drug("strontium-ranelate", "strontium ranelate", "雷奈酸锶", _M.STRONTIUM, oral=True),
    _drug("menatetrenone", "menatetrenone (vitamin K2)", "四烯甲萘醌（维生素K2）", _M.VITAMIN_K2, oral=True),
    _drug("alfacalcidol", "alfacalcidol", "阿法骨化醇", _M.ACTIVE_VITAMIN_D, oral=True),
    _drug("calcitriol", "calcitriol", "骨化三醇", _M.ACTIVE_VITAMIN_D, oral=True),
    _drug("eldecalcitol", "eldecalcitol", "艾地骨化醇", _M.ACTIVE_VITAMIN_D, oral=True),
    _drug("cholecalciferol", "cholecalciferol (vitamin D3)", "维生素D3", _M.VITAMIN_D, oral=True),
    _drug("ergocalciferol", "ergocalciferol (vitamin D2)", "维生素D2", _M.VITAMIN_D, oral=True),
    _drug("calcifediol", "calcifediol", "骨化二醇", _M.VITAMIN_D, oral=True),
    _drug("calcium", "calcium", "钙剂", _M.CALCIUM, oral=True),
    _drug("prednisone", "prednisone", "泼尼松", _M.GLUCOCORTICOID, oral=True),
    _drug("prednisolone", "prednisolone", "泼尼松龙", _M.GLUCOCORTICOID, oral=True),
    _drug("methylprednisolone", "methylprednisolone", "甲泼尼龙", _M.GLUCOCORTICOID, oral=True),
    _drug("dexamethasone", "dexamethasone", "地塞米松", _M.GLUCOCORTICOID, oral=True),
    _drug("betamethasone", "betamethasone", "倍他米松", _M.GLUCOCORTICOID, oral=True),
    _drug("hydrocortisone", "hydrocortisone", "氢化可的松", _M.GLUCOCORTICOID, oral=True),
    _drug("cortisone", "cortisone", "可的松", _M.GLUCOCORTICOID, oral=True),
    _drug("triamcinolone", "triamcinolone", "曲安西龙", _M.GLUCOCORTICOID, oral=True),
    _drug("deflazacort", "deflazacort", "地夫可特", _M.GLUCOCORTICOID, oral=True),
    _drug("anastrozole", "anastrozole", "阿那曲唑", _M.AROMATASE_INHIBITOR, oral=True),
    _drug("letrozole", "letrozole", "来曲唑", _M.AROMATASE_INHIBITOR, oral=True),
    _drug("exemestane", "exemestane", "依西美坦", _M.AROMATASE_INHIBITOR, oral=True),
    _drug("leuprorelin", "leuprorelin", "亮丙瑞林", _M.GNRH),
    _drug("goserelin", "goserelin", "戈舍瑞林", _M.GNRH),
    _drug("triptorelin", "triptorelin", "曲普瑞林", _M.GNRH),
    _drug("degarelix", "degarelix", "地加瑞克", _M.GNRH),
    _drug("relugolix", "relugolix", "瑞卢戈利", _M.GNRH, oral=True),
    _drug("omeprazole", "omeprazole", "奥美拉唑", _M.PPI, oral=True),
    _drug("pantoprazole", "pantoprazole", "泮托拉唑", _M.PPI, oral=True),
    _drug("lansoprazole", "lansoprazole", "兰索拉唑", _M.PPI, oral=True),
    _drug("rabeprazole", "rabeprazole", "雷贝拉唑", _M.PPI, oral=True),
    _drug("esomeprazole", "esomeprazole", "艾司奥美拉唑", _M.PPI, oral=True),
    _drug("ilaprazole", "ilaprazole", "艾普拉唑", _M.PPI, oral=True),
    _drug("phenytoin", "phenytoin", "苯妥英", _M.ANTIEPILEPTIC, oral=True),
    _drug("carbamazepine", "carbamazepine", "卡马西平", _M.ANTIEPILEPTIC, oral=True),
    _drug("phenobarbital", "phenobarbital", "苯巴比妥", _M.ANTIEPILEPTIC, oral=True),
    _drug("primidone", "primidone", "扑米酮", _M.ANTIEPILEPTIC, oral=True),
    _drug("pioglitazone", "pioglitazone", "吡格列酮", _M.THIAZOLIDINEDIONE, oral=True),
    _drug("rosiglitazone", "rosiglitazone", "罗格列酮", _M.THIAZOLIDINEDIONE, oral=True),
    _drug("heparin", "heparin", "肝素", _M.HEPARIN),
    _drug("enoxaparin", "enoxaparin", "依诺肝素", _M.HEPARIN),
    _drug("tenofovir-disoproxil", "tenofovir disoproxil", "替诺福韦二吡呋酯", _M.NUCLEOTIDE, oral=True),
    _drug("adefovir", "adefovir dipivoxil", "阿德福韦酯", _M.NUCLEOTIDE, oral=True),
    _drug("levothyroxine", "levothyroxine", "左甲状腺素", _M.THYROID_HORMONE, oral=True),
    _drug("warfarin", "warfarin", "华法林", _M.ANTICOAGULANT, oral=True),
    _drug("rivaroxaban", "rivaroxaban", "利伐沙班", _M.ANTICOAGULANT, oral=True),
    _drug("apixaban", "apixaban", "阿哌沙班", _M.ANTICOAGULANT, oral=True),
    _drug("dabigatran", "dabigatran", "达比加群", _M.ANTICOAGULANT, oral=True),
    _drug("edoxaban", "edoxaban", "艾多沙班", _M.ANTICOAGULANT, oral=True),
)
DRUGS: dict[str, Drug] = {drug.key: drug for drug in _DRUGS}

DENOSUMAB = DRUGS["denosumab"]
DENOSUMAB_ONCOLOGY = DRUGS["denosumab-oncology"]
ZOLEDRONATE = DRUGS["zoledronate"]
ALENDRONATE = DRUGS["alendronate"]
RISEDRONATE = DRUGS["risedronate"]
TERIPARATIDE = DRUGS["teriparatide"]
ABALOPARATIDE = DRUGS["abaloparatide"]
ROMOSOZUMAB = DRUGS["romosozumab"]
RALOXIFENE = DRUGS["raloxifene"]
MENATETRENONE = DRUGS["menatetrenone"]
CHOLECALCIFEROL = DRUGS["cholecalciferol"]


class Site(StrEnum):
    """Where bone density was measured. Only the first four diagnose; UNNAMED is a T-score with no site anywhere."""

    LUMBAR_SPINE = "lumbar-spine"
    FEMORAL_NECK = "femoral-neck"
    TOTAL_HIP = "total-hip"
    DISTAL_RADIUS = "distal-radius"
    UNNAMED = "unnamed"
    FOREARM = "forearm"
    FEMUR = "femur"
    HEEL = "heel"


DIAGNOSTIC_SITES = frozenset({Site.LUMBAR_SPINE, Site.FEMORAL_NECK, Site.TOTAL_HIP, Site.DISTAL_RADIUS, Site.UNNAMED})
HIP_SITES = frozenset({Site.FEMORAL_NECK, Site.TOTAL_HIP})

SITE_NAMES: dict[Site, Name] = {
    Site.LUMBAR_SPINE: Name("lumbar spine", "腰椎"),
    Site.FEMORAL_NECK: Name("femoral neck", "股骨颈"),
    Site.TOTAL_HIP: Name("total hip", "全髋"),
    Site.DISTAL_RADIUS: Name("distal 1/3 radius", "桡骨远端1/3"),
    Site.UNNAMED: Name("site not named", "部位未注明"),
    Site.FOREARM: Name("forearm", "前臂"),
    Site.FEMUR: Name("femur, region not named", "股骨（区域未注明）"),
    Site.HEEL: Name("heel", "跟骨"),
}


class Analyte(Struct, frozen=True):
    """Something that is measured. ``unit`` is the one the rules reckon in; a value outside ``low``-``high`` is implausible."""

    key: str
    name: Name
    unit: str
    group: Data
    low: float
    high: float
    digits: int = 1


def _analyte(key: str, en: str, zh: str, unit: str, group: Data, low: float, high: float, digits: int = 1) -> Analyte:
    return Analyte(key, Name(en, zh), unit, group, low, high, digits)


_ANALYTES = (
    _analyte("t-score", "T-score", "T值", "", Data.BONE_DENSITY, -10, 10),
    _analyte("z-score", "Z-score", "Z值", "", Data.BONE_DENSITY, -10, 10),
    _analyte("bmd", "BMD", "骨密度", "g/cm2", Data.BONE_DENSITY, 0.1, 3, 3),
    _analyte("qct-vbmd", "QCT lumbar vBMD", "QCT腰椎体积骨密度", "mg/cm3", Data.BONE_DENSITY, 0, 400),
    _analyte("ctx", "CTX", "CTX", "pg/mL", Data.TURNOVER, 0, 10000),
    _analyte("p1np", "P1NP", "P1NP", "ug/L", Data.TURNOVER, 0, 2000),
    _analyte("creatinine", "creatinine", "肌酐", "mg/dL", Data.RENAL, 0.1, 30, 2),
    _analyte("egfr", "eGFR", "eGFR", "mL/min/1.73 m2", Data.RENAL, 0, 250),
    _analyte("crcl", "creatinine clearance", "肌酐清除率", "mL/min", Data.RENAL, 0, 300),
    _analyte("weight", "weight", "体重", "kg", Data.BODY, 1, 400),
    _analyte("height", "height", "身高", "cm", Data.BODY, 30, 250),
    _analyte("bmi", "BMI", "BMI", "kg/m2", Data.BODY, 5, 100),
    _analyte("calcium", "total calcium", "总钙", "mg/dL", Data.CALCIUM, 2, 25, 2),
    _analyte("calcium-corrected", "albumin-corrected calcium", "白蛋白校正钙", "mg/dL", Data.CALCIUM, 2, 25, 2),
    _analyte("calcium-ionized", "ionized calcium", "离子钙", "mmol/L", Data.CALCIUM, 0.3, 4, 2),
    _analyte("albumin", "albumin", "白蛋白", "g/dL", Data.CALCIUM, 0.5, 8),
    _analyte("vitamin-d", "25(OH)D", "25羟维生素D", "ng/mL", Data.VITAMIN_D, 0, 500),
    _analyte("pth", "PTH", "甲状旁腺激素", "pg/mL", Data.WORK_UP, 0, 10000, 0),
    _analyte("phosphate", "phosphate", "血磷", "mg/dL", Data.WORK_UP, 0.1, 30),
    _analyte("alp", "alkaline phosphatase", "碱性磷酸酶", "U/L", Data.WORK_UP, 1, 10000, 0),
    _analyte("tsh", "TSH", "促甲状腺激素", "m[IU]/L", Data.WORK_UP, 0, 500, 2),
    _analyte("hemoglobin", "hemoglobin", "血红蛋白", "g/dL", Data.WORK_UP, 1, 30),
    _analyte("wbc", "leukocytes", "白细胞", "10*3/uL", Data.WORK_UP, 0, 1000),
    _analyte("platelets", "platelets", "血小板", "10*3/uL", Data.WORK_UP, 0, 5000, 0),
    _analyte("esr", "ESR", "红细胞沉降率", "mm/h", Data.WORK_UP, 0, 250, 0),
    _analyte("alt", "ALT", "丙氨酸氨基转移酶", "U/L", Data.WORK_UP, 0, 30000, 0),
    _analyte("ast", "AST", "天门冬氨酸氨基转移酶", "U/L", Data.WORK_UP, 0, 30000, 0),
    _analyte("inr", "INR", "国际标准化比值", "", Data.WORK_UP, 0.5, 30),
    _analyte("urine-calcium", "24 h urine calcium", "24小时尿钙", "mg/(24.h)", Data.WORK_UP, 0, 3000, 0),
    _analyte("frax-major", "FRAX major osteoporotic fracture", "FRAX主要骨质疏松性骨折概率", "%", Data.FRACTURE_RISK, 0, 100),
    _analyte("frax-hip", "FRAX hip fracture", "FRAX髋部骨折概率", "%", Data.FRACTURE_RISK, 0, 100),
    _analyte("pain-nrs", "pain, numeric rating", "疼痛NRS评分", "", Data.FUNCTION, 0, 10, 0),
    _analyte("pain-vas", "pain, visual analog scale", "疼痛VAS评分", "mm", Data.FUNCTION, 0, 100, 0),
    _analyte("phq9", "PHQ-9", "PHQ-9评分", "", Data.FUNCTION, 0, 27, 0),
    _analyte("phq9-item9", "PHQ-9 item 9", "PHQ-9第9项", "", Data.FUNCTION, 0, 3, 0),
    _analyte("hamd", "Hamilton depression scale", "汉密尔顿抑郁量表", "", Data.FUNCTION, 0, 52, 0),
    _analyte("hama", "Hamilton anxiety scale", "汉密尔顿焦虑量表", "", Data.FUNCTION, 0, 56, 0),
    _analyte("barthel", "Barthel index", "Barthel指数", "", Data.FUNCTION, 0, 100, 0),
    _analyte("odi", "Oswestry disability index", "Oswestry功能障碍指数", "%", Data.FUNCTION, 0, 100, 0),
    _analyte("morse", "Morse Fall Scale", "Morse跌倒评估量表", "", Data.FUNCTION, 0, 125, 0),
    _analyte("berg", "Berg balance scale", "Berg平衡量表", "", Data.FUNCTION, 0, 56, 0),
    _analyte("tug", "timed up and go", "起立行走计时", "s", Data.FUNCTION, 0, 600),
    _analyte("falls", "falls in the past year", "近一年跌倒次数", "", Data.FUNCTION, 0, 365, 0),
    _analyte("sf36", "SF-36", "SF-36", "", Data.FUNCTION, 0, 100, 0),
    _analyte("mmt", "manual muscle test", "徒手肌力检查", "", Data.FUNCTION, 0, 100, 0),
    _analyte("rom", "range of motion", "关节活动度", "deg", Data.FUNCTION, -90, 360, 0),
    _analyte("alcohol", "alcoholic drinks a day", "每日饮酒量", "", Data.FUNCTION, 0, 100),
)
ANALYTES: dict[str, Analyte] = {analyte.key: analyte for analyte in _ANALYTES}


PROBLEMS: dict[str, Name] = {
    "osteoporosis": Name("osteoporosis", "骨质疏松症"),
    "osteopenia": Name("low bone mass", "骨量减少"),
    "myocardial-infarction": Name("myocardial infarction", "心肌梗死"),
    "stroke": Name("stroke", "脑卒中"),
    "venous-thromboembolism": Name("venous thromboembolism", "静脉血栓栓塞"),
    "osteonecrosis-jaw": Name("osteonecrosis of the jaw", "颌骨坏死"),
    "atypical-femur-fracture": Name("atypical femur fracture", "非典型股骨骨折"),
    "hypocalcemia": Name("hypocalcemia", "低钙血症"),
    "hypercalcemia": Name("hypercalcemia", "高钙血症"),
    "hypercalciuria": Name("hypercalciuria", "高尿钙症"),
    "ckd-3": Name("chronic kidney disease stage 3", "慢性肾脏病3期"),
    "ckd-4": Name("chronic kidney disease stage 4", "慢性肾脏病4期"),
    "ckd-5": Name("chronic kidney disease stage 5", "慢性肾脏病5期"),
    "dialysis": Name("dialysis", "透析"),
    "esophageal-delay": Name("esophageal stricture or achalasia", "食管狭窄或贲门失弛缓症"),
    "esophagitis": Name("esophagitis, Barrett esophagus or reflux disease", "食管炎、巴雷特食管或胃食管反流病"),
    "dysphagia": Name("dysphagia", "吞咽困难"),
    "peptic-ulcer": Name("peptic ulcer", "消化性溃疡"),
    "cannot-sit-upright": Name("inability to sit upright", "不能保持坐立位"),
    "bone-metastasis": Name("bone metastasis", "骨转移"),
    "myeloma": Name("multiple myeloma", "多发性骨髓瘤"),
    "bone-cancer": Name("primary bone cancer", "原发性骨恶性肿瘤"),
    "giant-cell-tumor": Name("giant cell tumor of bone", "骨巨细胞瘤"),
    "paget": Name("Paget disease of bone", "畸形性骨炎（Paget病）"),
    "hyperparathyroidism": Name("hyperparathyroidism", "甲状旁腺功能亢进症"),
    "skeletal-radiation": Name("radiotherapy to the skeleton", "骨骼放疗史"),
    "pregnancy": Name("pregnancy", "妊娠"),
    "menopause": Name("menopause", "绝经"),
    "early-menopause": Name("early menopause", "早绝经"),
    "oophorectomy": Name("bilateral oophorectomy", "双侧卵巢切除"),
    "hypogonadism": Name("hypogonadism", "性腺功能减退"),
    "rheumatoid-arthritis": Name("rheumatoid arthritis", "类风湿关节炎"),
    "lupus": Name("systemic lupus erythematosus", "系统性红斑狼疮"),
    "diabetes": Name("diabetes", "糖尿病"),
    "malabsorption": Name("malabsorption", "吸收不良"),
    "hyperthyroidism": Name("hyperthyroidism", "甲状腺功能亢进症"),
    "cushing": Name("Cushing syndrome", "库欣综合征"),
    "long-term-glucocorticoid": Name("long-term glucocorticoid use", "长期使用糖皮质激素"),
    "hypertension": Name("hypertension", "高血压"),
    "dyslipidemia": Name("dyslipidemia", "血脂异常"),
    "breast-cancer-risk": Name("raised breast-cancer risk", "乳腺癌风险增高"),
    "transport-accident": Name("transport accident", "交通事故"),
    "fall-from-height": Name("fall from height", "高处坠落"),
    "back-pain": Name("back pain", "腰背痛"),
    "fall": Name("fall", "跌倒"),
    "recurrent-falls": Name("recurrent falls", "反复跌倒"),
    "immobility": Name("long immobility", "长期制动"),
    "smoking": Name("current smoking", "当前吸烟"),
    "coagulopathy": Name("coagulation disorder", "凝血功能障碍"),
    "spinal-infection": Name("spinal infection", "脊柱感染"),
    "sepsis": Name("sepsis", "脓毒症"),
    "infection": Name("active infection", "活动性感染"),
    "unfit-for-surgery": Name("unfit for surgery", "不能耐受手术"),
    "filler-allergy": Name("allergy to bone cement", "骨水泥过敏"),
}

FRACTURE_SITES: dict[str, Name] = {
    "vertebra": Name("vertebral fracture", "椎体骨折"),
    "hip": Name("hip fracture", "髋部骨折"),
    "proximal-humerus": Name("proximal humerus fracture", "肱骨近端骨折"),
    "pelvis": Name("pelvic fracture", "骨盆骨折"),
    "distal-forearm": Name("distal forearm fracture", "前臂远端骨折"),
    "rib": Name("rib fracture", "肋骨骨折"),
    "other": Name("fracture", "骨折"),
    "unspecified": Name("osteoporotic fracture, site not named", "骨质疏松性骨折（部位未注明）"),
}
"""``other``: a site that is no fragility site by itself (ankle, femur shaft) unless the code says osteoporotic."""


SERVICES: dict[str, Name] = {
    "dxa": Name("DXA of lumbar spine and hip", "腰椎和髋部双能X线骨密度检查（DXA）"),
    "qct": Name("quantitative CT bone density", "定量CT骨密度检查"),
    "vertebral-imaging": Name("lateral X-ray of thoracic and lumbar spine", "胸腰椎侧位X线片"),
    "spine-mri": Name("MRI of the spine", "脊柱磁共振"),
    "creatinine": Name("creatinine with eGFR", "血肌酐及eGFR"),
    "calcium": Name("serum calcium with albumin", "血钙及白蛋白"),
    "vitamin-d": Name("25(OH)D", "25羟维生素D"),
    "pth": Name("PTH", "甲状旁腺激素"),
    "ctx": Name("serum CTX, fasting in the morning", "血清CTX（晨起空腹）"),
    "p1np": Name("serum P1NP", "血清P1NP"),
    "height": Name("height measurement", "身高测量"),
    "frax": Name("FRAX fracture-risk assessment", "FRAX骨折风险评估"),
    "referral-osteoporosis": Name("referral to an osteoporosis specialist", "转诊至骨质疏松专科"),
    "dialysis": Name("dialysis", "透析"),
    "spine-ct": Name("CT of the spine", "脊柱CT"),
    "vertebral-augmentation": Name("vertebroplasty or kyphoplasty", "经皮椎体成形术或后凸成形术"),
    "blood-count": Name("blood count", "血常规"),
    "esr": Name("erythrocyte sedimentation rate", "红细胞沉降率"),
    "phosphate": Name("serum phosphate", "血磷"),
    "alp": Name("alkaline phosphatase", "碱性磷酸酶"),
    "albumin": Name("serum albumin", "血清白蛋白"),
    "liver": Name("liver enzymes", "肝功能"),
    "tsh": Name("TSH", "促甲状腺激素"),
    "electrophoresis": Name("serum protein electrophoresis", "血清蛋白电泳"),
    "testosterone": Name("testosterone", "睾酮"),
    "cortisol": Name("cortisol", "皮质醇"),
    "celiac": Name("tissue transglutaminase antibodies", "组织转谷氨酰胺酶抗体"),
    "urine-calcium": Name("24 h urine calcium", "24小时尿钙"),
    "referral-fls": Name("referral to the fracture liaison service", "转诊至骨折联络服务（FLS）"),
    "referral-endocrinology": Name("referral to endocrinology", "转诊至内分泌科"),
    "referral-orthopedics": Name("referral to spine surgery", "转诊至骨科或脊柱外科"),
    "referral-physiotherapy": Name("referral to physiotherapy", "转诊至物理治疗"),
    "referral-rehabilitation": Name("referral to rehabilitation", "转诊至康复科"),
    "referral-occupational-therapy": Name("referral to occupational therapy", "转诊至作业治疗"),
    "referral-psychology": Name("referral to psychiatry or psychology", "转诊至精神心理科"),
    "referral-falls": Name("referral to a falls clinic", "转诊至跌倒门诊"),
    "assess-pain": Name("pain assessment (NRS or VAS)", "疼痛评估（NRS或VAS）"),
    "assess-muscle": Name("muscle strength and range of motion", "肌力和关节活动度评估"),
    "assess-mood": Name("mood assessment (PHQ-9)", "情绪评估（PHQ-9）"),
    "assess-daily-living": Name("Barthel index", "Barthel指数评定"),
    "assess-quality-of-life": Name("quality of life (SF-36)", "生活质量评估（SF-36）"),
    "assess-fall-risk": Name("fall risk assessment (Morse, Berg)", "跌倒风险评估（Morse、Berg）"),
    "exercise": Name("balance and strength training", "平衡与肌力训练"),
    "home-safety": Name("home safety assessment", "居家安全评估"),
    "orthosis": Name("spinal orthosis", "脊柱矫形器"),
    "education": Name("osteoporosis education", "骨质疏松健康教育"),
    "cognitive-therapy": Name("cognitive behavioral therapy", "认知行为治疗"),
    "lipus": Name("low-intensity pulsed ultrasound", "低强度脉冲超声"),
    "tens": Name("transcutaneous electrical nerve stimulation", "经皮神经电刺激"),
    "nmes": Name("neuromuscular electrical stimulation", "神经肌肉电刺激"),
    "iontophoresis": Name("iontophoresis", "离子导入"),
    "ultraviolet": Name("ultraviolet therapy", "紫外线治疗"),
    "pemf": Name("pulsed electromagnetic fields", "脉冲电磁场治疗"),
    "vibration": Name("whole-body vibration", "全身振动治疗"),
    "shock-wave": Name("extracorporeal shock wave therapy", "体外冲击波治疗"),
    "laser": Name("high-intensity laser therapy", "高强度激光治疗"),
}


def names_of(drugs: tuple[Drug, ...], language: str) -> list[str]:
    """The drugs' names in one language, each once, in the order given."""
    return list(dict.fromkeys(drug.name[language] for drug in drugs))
