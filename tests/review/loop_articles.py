"""Articles of two made-up French papers, with a line of the house in each that the shipped model takes for the article's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HOUSE = {
    "riviere.example": "Dans l'atelier du quai, deux apprentis impriment chaque nuit les pages de La Rivière sur la presse achetée en 1952.",
    "plateau.example": "La lampe de la rédaction restera allumée ce soir encore, jusqu'au départ du dernier camion pour les fermes du plateau.",
}
STORIES: Sequence[tuple[str, Sequence[str]]] = (
    ("Le moulin de Chavagne tourne de nouveau", (
        "Il aura fallu six ans et la patience de quarante bénévoles pour que la grande roue du moulin de Chavagne reprenne sa ronde.",
        "Samedi, à l'heure où le brouillard quitte la vallée, le meunier a levé la vanne sous les yeux de trois cents personnes.",
        "« Mon grand-père disait qu'un moulin arrêté est une maison sans feu », raconte Jeanne Aubrac, qui préside l'association.",
        "La farine sera vendue au marché dès la semaine prochaine, à un prix que la commune promet de ne pas augmenter cette année.",
    )),
    ("À Lussac, l'école gagne une classe", (
        "La décision est tombée jeudi : l'école de Lussac ouvrira une cinquième classe à la rentrée, contre l'avis du rectorat.",
        "Les parents avaient occupé le préau pendant onze nuits, avec des matelas, des thermos et beaucoup de jeux de société.",
        "Le maire a rappelé que le village comptait quarante enfants de plus qu'il y a cinq ans, arrivés avec le nouveau quartier.",
        "Reste à trouver une salle : la bibliothèque prêtera la sienne jusqu'à la fin des travaux, prévue au mois de février.",
    )),
    ("Les éleveurs comptent leurs bêtes après la crue", (
        "L'eau s'est retirée dans la nuit de mardi, laissant derrière elle des clôtures couchées et des prés couverts de limon.",
        "Chez les Faure, douze brebis manquent à l'appel ; les pompiers en ont retrouvé quatre sur une île, trempées mais vivantes.",
        "La chambre d'agriculture estime les pertes à deux cent mille euros, sans compter le foin, dont il ne reste presque rien.",
        "Une collecte est organisée dimanche à la salle des fêtes, où chacun peut déposer du fourrage à partir de huit heures.",
    )),
    ("Un sentier pour relier les deux rives", (
        "Le département a voté lundi la construction d'une passerelle de bois entre Saint-Prix et le hameau de la Combe.",
        "Longue de quatre-vingts mètres, elle évitera aux promeneurs un détour de sept kilomètres par la route nationale.",
        "Les pêcheurs, qui craignaient pour les frayères, ont obtenu que le chantier s'arrête pendant tout le printemps.",
        "Le coût, un million et demi d'euros, sera partagé entre la région, le département et les deux communes riveraines.",
    )),
)  # fmt: skip


def write_articles(folder: Path) -> Path:
    """Every story in both papers, each with its paper's furniture."""
    for site, house in HOUSE.items():
        (folder / site).mkdir(parents=True)
        for number, (title, paragraphs) in enumerate(STORIES):
            lines = ["Accueil", title, *paragraphs, house, "Partager cet article", "Mentions légales"]
            (folder / site / f"{number}.txt").write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    return folder


def truth(text: str) -> str:
    """The label that a person gives to a paragraph of these articles."""
    if text in HOUSE.values():
        return "promo"
    if any(text == title for title, _ in STORIES):
        return "heading"
    return {"Accueil": "navigation", "Partager cet article": "navigation", "Mentions légales": "legal"}.get(text, "content")
