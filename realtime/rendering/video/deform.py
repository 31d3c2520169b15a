"""Linear blendshapes for a batch of faces: v = v0 + sum(c_i * d_i), for positions and normals alike (Lewis et al. 2014,
Practice and Theory of Blendshape Facial Models)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch

from realtime.rendering.video.head import Head


class Deformer:
    """Holds heads on one device and bends any number of faces at once. For one thread."""

    def __init__(self, device: str | None = None):
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._held: dict[str, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def hold(self, head: Head) -> None:
        """Bring a head to the device before it is needed."""
        if head.name not in self._held:
            rest, moving, deltas = map(torch.from_numpy, (head.rest, head.moving, head.deltas))
            self._held[head.name] = (
                rest.to(self.device),
                moving.to(self.device),
                deltas.reshape(len(deltas), -1).to(self.device),
            )

    @torch.inference_mode()
    def deform(self, faces: Sequence[tuple[Head, np.ndarray]]) -> list[np.ndarray]:
        """Each face's vertices, float32 (V, 6); `faces`: a head and its coefficients (52,). One product for each head
        that is among them."""
        alike: dict[str, list[int]] = defaultdict(list)
        for place, (head, _) in enumerate(faces):
            self.hold(head)
            alike[head.name].append(place)
        bent: dict[int, torch.Tensor] = {}
        for name, places in alike.items():
            rest, moving, deltas = self._held[name]
            weights = torch.from_numpy(np.stack([faces[place][1] for place in places]).astype(np.float32))
            moved = (weights.to(self.device) @ deltas).view(len(places), -1, 6)
            vertices = rest.repeat(len(places), 1, 1).index_add_(1, moving, moved)
            bent |= zip(places, vertices.cpu().unbind(), strict=True)
        return [bent[place].numpy() for place in range(len(faces))]
