"""Sentences as house rules have them, made by combination, to lie beside the documents of a benchmark."""

from __future__ import annotations

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


def sentences(language: str, count: int) -> list[str]:
    """Different ones, the same in every run."""
    return list(_endless(language, count))


def _endless(language: str, count: int) -> Iterator[str]:
    parts = [part.split("|") for part in _PARTS[language]]
    chance = random.Random(f"coachtool {language}")
    seen: set[str] = set()
    while len(seen) < count:
        words = " ".join(chance.choice(part) for part in parts)
        sentence = words.replace("{n}", str(chance.randint(2, 90))) + "."
        if sentence not in seen:
            seen.add(sentence)
            yield sentence


def embedded(batch: tuple[str, list[str]]) -> list[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """Language, sentence and its vectors in the two spaces. Runs in a process of its own."""
    language, texts = batch
    english = ENGLISH in spaces_of(language)
    return [(language, text, WORLD.passage(text), ENGLISH.passage(text) if english else None) for text in texts]


def padding(count: int, real: int) -> Iterator[tuple[str, str, np.ndarray, np.ndarray | None]]:
    """`count` distractors, about `real` of them embedded as they are and the others pairs of those."""
    each = min(count, real) // len(LANGUAGES) + 1
    batches = [
        (language, texts[at : at + 100])
        for language in LANGUAGES
        for texts in [sentences(language, each)]
        for at in range(0, each, 100)
    ]
    with multiprocessing.get_context("spawn").Pool(min(len(os.sched_getaffinity(0)), 4)) as pool:
        made = [row for rows in pool.imap(embedded, batches) for row in rows]
    random.Random("coachtool").shuffle(made)
    yield from made[:count]
    for number in range(count - len(made)):
        # The second one of the pair is the next of its language at a distance that grows with every round.
        first = made[number % len(made)]
        at = number % len(made) + 1 + number // len(made)
        second = next(
            made[(at + step) % len(made)] for step in range(len(made)) if made[(at + step) % len(made)][0] == first[0]
        )
        yield first[0], f"{first[1]} {second[1]}", _sum(first[2], second[2]), _sum(first[3], second[3])


def _sum(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    if first is None or second is None:
        return None
    both = first + second
    return both / np.linalg.norm(both)
