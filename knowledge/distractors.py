"""Passages as house rules have them, made by combination, to lie beside the documents of a benchmark."""

from __future__ import annotations

import math
import multiprocessing
import os
import random
from collections.abc import Iterator

import numpy as np

from knowledge.spaces import ENGLISH, WORLD, spaces_of

_PARTS = {
    "en": (
        "The caretaker|Every supplier|The finance office|A visiting lecturer|The night shift|Each branch manager|"
        "The archive|A new volunteer|The canteen team|The export desk|Our lawyers|The transport unit|A team leader|"
        "The laboratory|Every tenant|The press office|A warehouse clerk|The examination board|The front desk|A trainer",
        "checks|signs|orders|sends back|records|cleans|renews|approves|photographs|counts|locks away|announces|"
        "compares|repairs|labels|weighs|translates|reserves|inspects|hands over",
        "the delivery notes|all meeting minutes|the spare keys|the printed contracts|the water samples|the fire doors|"
        "the monthly invoices|the rented vehicles|the training films|the visitor badges|the cooling units|"
        "the medical gloves|the customer letters|the seed bags|the stage lights|the swimming hall|the garden tools|"
        "the loan agreements|the parcel labels|the measuring devices",
        "before the end of the week|on the second floor|when the stock falls below {n} pieces|within {n} hours|"
        "every {n} days|at a cost of {n} euros|together with a colleague|after the summer break|in room {n}|"
        "if more than {n} people ask|without charge|on form {n}|by telephone only|before the first of June|"
        "in the blue folder|unless the director objects|for at least {n} months|at half past seven|"
        "with a written reason|during the open day",
    ),
    "es": (
        "El conserje|Cada proveedor|La oficina de compras|Una profesora invitada|El turno de noche|"
        "La directora de sucursal|El archivo|Un voluntario nuevo|El equipo de cocina|La aduana|Nuestros abogados|"
        "El parque móvil|La jefa de equipo|El laboratorio|Todo inquilino|La oficina de prensa|Un mozo de almacén|"
        "El tribunal de examen|La recepción|Una formadora",
        "comprueba|firma|encarga|devuelve|anota|limpia|renueva|autoriza|fotografía|cuenta|guarda bajo llave|anuncia|"
        "compara|repara|etiqueta|pesa|traduce|reserva|inspecciona|entrega",
        "los albaranes|todas las actas|las llaves de repuesto|los contratos impresos|las muestras de agua|"
        "las puertas cortafuegos|las facturas mensuales|los vehículos alquilados|las películas de formación|"
        "las acreditaciones|las cámaras frigoríficas|los guantes sanitarios|las cartas de clientes|"
        "los sacos de semillas|los focos del escenario|la piscina cubierta|las herramientas de jardín|"
        "los contratos de préstamo|los sellos de los paquetes|los aparatos de medida",
        "antes de acabar la semana|en la segunda planta|cuando quedan menos de {n} piezas|en {n} horas|cada {n} días|"
        "por {n} euros|junto con otra persona|después del verano|en la sala {n}|si lo piden más de {n} personas|"
        "sin coste alguno|con el impreso {n}|solo por teléfono|antes del primero de junio|en la carpeta azul|"
        "salvo que la dirección se oponga|durante {n} meses como mínimo|a las siete y media|con un motivo escrito|"
        "en la jornada de puertas abiertas",
    ),
    "de": (
        "Der Hausmeister|Jeder Lieferant|Die Einkaufsabteilung|Eine Gastdozentin|Die Nachtschicht|Die Filialleitung|"
        "Das Archiv|Ein neuer Freiwilliger|Das Küchenteam|Die Zollstelle|Unsere Rechtsabteilung|Der Fuhrpark|"
        "Die Teamleiterin|Das Labor|Jede Mieterin|Die Pressestelle|Ein Lagerarbeiter|Der Prüfungsausschuss|"
        "Der Empfang|Eine Trainerin",
        "prüft|unterschreibt|bestellt|sendet|erfasst|reinigt|erneuert|genehmigt|fotografiert|zählt|verschließt|"
        "meldet|vergleicht|repariert|beschriftet|wiegt|übersetzt|reserviert|begutachtet|übergibt",
        "die Lieferscheine|alle Protokolle|die Ersatzschlüssel|die gedruckten Verträge|die Wasserproben|"
        "die Brandschutztüren|die Monatsrechnungen|die Mietfahrzeuge|die Schulungsfilme|die Besucherausweise|"
        "die Kühlgeräte|die Einmalhandschuhe|die Kundenbriefe|die Saatgutsäcke|die Bühnenscheinwerfer|"
        "das Hallenbad|die Gartengeräte|die Darlehensverträge|die Paketaufkleber|die Messgeräte",
        "vor dem Ende der Woche|im zweiten Stock|wenn weniger als {n} Stück da sind|innerhalb von {n} Stunden|"
        "alle {n} Tage|für {n} Euro|gemeinsam mit einer Kollegin|nach der Sommerpause|in Raum {n}|"
        "wenn mehr als {n} Leute fragen|ohne Gebühr|mit dem Formular {n}|nur telefonisch|vor dem ersten Juni|"
        "in der blauen Mappe|wenn die Leitung nicht widerspricht|mindestens {n} Monate lang|um halb acht|"
        "mit schriftlicher Begründung|am Tag der offenen Tür",
    ),
}
LANGUAGES = tuple(_PARTS)


def passages(language: str, count: int) -> list[str]:
    """As long as a handbook's: three sentences, the first of which is about what the heading says. Always the same."""
    parts = [part.split("|") for part in _PARTS[language]]
    chance = random.Random(f"coachtool {language}")
    return [_passage(parts, chance) for _ in range(count)]


def _passage(parts: list[list[str]], chance: random.Random) -> str:
    said = [[chance.choice(part) for part in parts] for _ in range(3)]
    sentences = (" ".join(words).replace("{n}", str(chance.randint(2, 90))) + "." for words in said)
    return f"{said[0][2].capitalize()}\n{' '.join(sentences)}"


def embedded(batch: tuple[str, list[str]]) -> list[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """Language, passage and its vectors in the two spaces. Runs in a process of its own."""
    language, texts = batch
    english = ENGLISH in spaces_of(language)
    return [(language, text, WORLD.passage(text), ENGLISH.passage(text) if english else None) for text in texts]


def padding(count: int, real: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """`count` distractors, at most `real` of them embedded as they are.

    A further one is made of two of its language: their deviations from the language's mean are added and scaled by
    the root of a half, so that mean and covariance are those of embedded ones. (The plain sum of two vectors lies
    nearer to the mean, and so nearer to every question, than any passage does.)
    """
    each = math.ceil(min(count, real) / len(LANGUAGES))
    batches = [
        (language, texts[at : at + 50])
        for language in LANGUAGES
        for texts in [passages(language, each)]
        for at in range(0, each, 50)
    ]
    with multiprocessing.get_context("spawn").Pool(min(len(os.sched_getaffinity(0)), 4)) as pool:
        made = [row for rows in pool.imap(embedded, batches) for row in rows]
    yield from made[:count]
    chance = np.random.default_rng(1)
    for language in LANGUAGES:
        rows = [row for row in made if row[0] == language]
        means = [None if rows[0][space] is None else np.mean([row[space] for row in rows], axis=0) for space in (2, 3)]
        share = (count - len(made) + LANGUAGES.index(language)) // len(LANGUAGES)
        for _ in range(max(share, 0)):
            first, second = (rows[at] for at in chance.choice(len(rows), 2, replace=False))
            world, english = (_mixed(first[2 + at], second[2 + at], means[at]) for at in (0, 1))
            yield language, f"{first[1]}\n{second[1]}", world, english


def _mixed(first: np.ndarray | None, second: np.ndarray | None, mean: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None or mean is None:
        return None
    mixed = mean + (first + second - 2 * mean) * math.sqrt(0.5)
    return mixed / np.linalg.norm(mixed)
