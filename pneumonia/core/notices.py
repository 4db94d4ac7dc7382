"""Notices that stand beside every result: the page, the commands and the model cards take them from here.

The page has `POPULATION` and `SELECTION` in words of its own, without terms that a clinician would have to look up.
"""

NOTICE = "Research demonstration, not a medical device."

INTENDED_USE = (
    "For research and teaching: to study how a small network reads chest radiographs, how its evidence can be "
    "shown, and how its probabilities can be checked. It must not be used to diagnose, to triage or to decide "
    "on treatment, and its answer does not replace a radiologist's."
)

POPULATION = (
    "Trained on frontal chest radiographs of children of one to five years of one hospital in Guangzhou; the head "
    "was fitted to adults of one hospital in Bethesda too, whom radiologists judged. Each of the two has "
    "probabilities and thresholds of its own. Adults are read less well than those children, and an opacity is told "
    "from another abnormality poorly. Infants, patients of 6 to 17 years, other hospitals, lateral views and bedside "
    "films of children were not trained on, and nobody measured them."
)

# Of the networks of this project alone.
CALIBRATED_AT_HOME = (
    "Probabilities are calibrated to images of the same hospitals, of which about three in four of the children and "
    "one in twenty of the adults show pneumonia; where it is rarer, a positive finding is wrong more often."
)

LIMITS = (
    "Only two answers were learned, normal and pneumonia: any other disease is called one of them, or uncertain.",
    "NORMAL means that no sign of pneumonia was found above the threshold; it does not mean healthy.",
    CALIBRATED_AT_HOME,
    "The heatmap shows which regions moved the score. It is coarse, and it is no outline of disease.",
)

# Follows what intervals come from; see `metrics.intervals.drawn_share`.
FEW_PATIENTS = "and of shares no narrower than exact ones where fewer than five patients are right or wrong"

HEATMAP_HELP = (
    "Warm colours mark regions that raised the score towards pneumonia; the same colour means the same evidence in "
    "every case and network. A clear image means little evidence."
)

AGAINST_HELP = "Blue marks regions that lowered the score."

# Of the images of the published networks; their trainings were told the same.
SOURCE = (
    "Chest X-Ray Images (Pneumonia), Kermany, Zhang and Goldbaum 2018, doi 10.17632/rscbjbr9sj; ChestX-ray14, Wang et "
    "al. 2017, NIH Clinical Center, read by radiologists for the RSNA Pneumonia Detection Challenge, Shih et al. 2019"
)
LICENCE = "CC BY 4.0; free to use with attribution"

DATA = f"{SOURCE}. Licence: {LICENCE}. Of the first, only its training part was used; its test part was never read."

# Its public copy on the Hub.
DATA_ON_THE_HUB = "hf-vision/chest-xray-pneumonia"

CITATION = (
    "Name the software and the version of the weights, which each reading carries with their hash, and cite the data: "
    "Kermany et al., Identifying Medical Diagnoses and Treatable Diseases by Image-Based Deep Learning, Cell 2018, "
    "doi 10.1016/j.cell.2018.02.010."
)

SELECTION = (
    "Nothing was selected on the plain validation images, which are read almost without error long before a network is "
    "robust. What a network is shown (all of the image, the rectangle around the lungs, the lungs alone, or grey "
    "values stretched as the lungs need) and whether evidence outside the lungs is penalised in training were chosen "
    "for version 0.2 with `mobilenetv2-finetuned`, trained on one of the two series of the children's data set and "
    "judged on the other, plain and corrupted, with some adults of another hospital beside it, by labels mined from "
    "their reports, which are withdrawn since (`scripts/cross_validate.py --scheme series`). Less than the whole image "
    "did worse; the penalty does about as well there, and moves the evidence into the lungs. The other variants are "
    "shown the same; the weaker penalty of `custom-cnn` was not compared so. Each training is stopped by corrupted "
    "copies of the children's validation images. For version 1.0 the strong penalty on the head was chosen by what a "
    "head that is fitted to one population does on the other, in trials of one seed each that are not kept, and "
    "measured since with three (`docs/results.md`); version 1.0.1 of `mobilenetv2-frozen` adapts to the children's "
    "images alone because its features then do better at the hospital that they were not adapted to. Version 1.1.0 of "
    "`mobilenetv2-finetuned` adapts likewise before it is fine-tuned, because short trainings did better so at the "
    "other hospital, both ways (`docs/results.md`). So the adults' figures are of patients whom the head did not see, "
    "but whose hospital informed these choices."
)
