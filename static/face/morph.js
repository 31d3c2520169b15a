/** Bends a mesh by its face units on the CPU: only the few vertices that move are touched. */

export class Morph {
    /** @param {{position: Float32Array, normal: Float32Array, targets: object[]}} mesh as `readGlb` gives it */
    constructor(mesh) {
        this.restPosition = mesh.position;
        this.restNormal = mesh.normal;
        this.position = mesh.position.slice();
        this.normal = mesh.normal.slice();
        this.targets = mesh.targets;
        this.values = new Float32Array(mesh.targets.length);
    }

    /**
     * @param {Record<string, number>} coefficients by ARKit name; those left out are 0
     * @returns {boolean} whether anything moved
     */
    apply(coefficients) {
        let changed = false;
        this.targets.forEach((target, i) => {
            const value = coefficients[target.name] ?? 0;
            if (Math.abs(value - this.values[i]) > 1e-4) {
                this.values[i] = value;
                changed = true;
            }
        });
        if (!changed) return false;
        this.position.set(this.restPosition);
        this.normal.set(this.restNormal);
        this.targets.forEach(({ vertices, positions, normals }, i) => {
            const value = this.values[i];
            if (Math.abs(value) < 1e-4) return;
            for (let v = 0, d = 0; v < vertices.length; v++, d += 3) {
                const at = vertices[v] * 3;
                for (let c = 0; c < 3; c++) {
                    this.position[at + c] += positions[d + c] * value;
                    this.normal[at + c] += normals[d + c] * value;
                }
            }
        });
        return true;
    }
}
