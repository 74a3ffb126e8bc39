"""Articles of a made-up site whose house lines no model can know: a teaser and a promotion in every one of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

TEASERS = (
    "Demain dans l'Aube : les pêcheurs de Lannec comptent leurs filets après la tempête.",
    "Demain dans l'Aube : un ancien gardien de phare nous ouvre ses carnets.",
    "Demain dans l'Aube : à Trévan, la criée cherche des bras pour l'été.",
    "Demain dans l'Aube : la dernière traversée du bac, racontée par son passeur.",
    "Demain dans l'Aube : pourquoi les goélands quittent les toits de Kerval.",
)
PROMOTIONS = (
    "La gazette du large vous attend chaque dimanche dans les boîtes aux lettres du canton.",
    "La gazette du large vous attend chaque dimanche dans les boîtes aux lettres de la presqu'île.",
    "La gazette du large vous attend chaque dimanche chez les marchands de journaux du port.",
    "La gazette du large vous attend chaque dimanche à la cabane de l'éclusier.",
    "La gazette du large vous attend chaque dimanche au comptoir de la gare maritime.",
)
BODIES = (
    (
        "Le marché couvert rouvre ses portes",
        "Après onze mois de travaux, le marché couvert de Vernoux a rouvert samedi matin devant plusieurs centaines d'habitants.",
        "Le maire a rappelé que le chantier avait coûté deux millions d'euros, dont la moitié a été payée par la région.",
        "« Les clients ne nous ont jamais abandonnés », raconte une fromagère installée depuis vingt ans dans l'allée centrale.",
    ),
    (
        "La digue de Penhoat sera surélevée",
        "Le conseil communautaire a voté jeudi soir la surélévation de la digue, que la mer a franchie deux fois cet hiver.",
        "Les travaux commenceront en avril et doivent durer sept mois, selon l'ingénieur qui suit le dossier depuis 2019.",
        "Une trentaine de riverains demandent en plus que le chemin côtier reste ouvert aux promeneurs pendant le chantier.",
    ),
    (
        "Au collège, les élèves cultivent leur déjeuner",
        "Depuis la rentrée, trois classes de sixième s'occupent d'un potager de deux cents mètres carrés derrière le gymnase.",
        "Les légumes sont servis à la cantine le vendredi, et les restes nourrissent les poules de la gardienne.",
        "Le principal espère étendre l'expérience aux cinquièmes, si le département finance une seconde serre.",
    ),
    (
        "Un nouveau bac pour l'île aux Moines noirs",
        "Le chantier naval a livré mardi un bac électrique qui peut emporter quarante passagers et six vélos.",
        "L'ancien bateau, à bout de souffle, sera exposé sur la cale pendant l'été avant d'être démonté.",
        "Le prix de la traversée ne change pas : deux euros, gratuit pour les enfants de l'île.",
    ),
    (
        "La bibliothèque prête désormais des outils",
        "Perceuse, ponceuse ou machine à coudre : la bibliothèque de Kerval prête depuis lundi une soixantaine d'outils.",
        "Chaque abonné peut emprunter deux appareils pendant une semaine, après une courte démonstration.",
        "L'association qui répare les objets du quartier tiendra un atelier dans la réserve tous les mercredis.",
    ),
)


def lines(number: int) -> list[str]:
    """An article, 0 to 4: its title, two paragraphs, a house teaser, a paragraph, a house promotion."""
    title, *body = BODIES[number]
    return [title, *body[:2], TEASERS[number], body[2], PROMOTIONS[number]]


LABELS = ("heading", "content", "content", "teaser", "content", "promo")


def write_labels(path: Path, numbers: Sequence[int] = (0, 1, 2), labels: Sequence[str] = LABELS, *, html: bool = False) -> Path:
    """A file of labelled articles of the site; an empty label leaves a paragraph unlabelled."""
    rows = []
    for number in numbers:
        told = [{"text": text, "label": label} for text, label in zip(lines(number), labels, strict=True)]
        row = {"id": f"aube-{number}", "site": "laube.example", "language": "fr", "paragraphs": told}
        rows.append(json.dumps(row | ({"html": page(number)} if html else {}), ensure_ascii=False))
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def page(number: int) -> str:
    """The article as a page that has nothing else on it."""
    title, *rest = lines(number)
    body = "".join(f"<p>{text}</p>" for text in rest)
    return f"<!doctype html><html lang='fr'><head><meta charset='utf-8'></head><body><article><h1>{title}</h1>{body}</article></body></html>"
