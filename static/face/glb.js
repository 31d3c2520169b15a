/** Reads the heads that realtime/rendering/face_asset writes: binary glTF with quantised, sparse morph targets. */

const ARRAYS = { 5120: Int8Array, 5121: Uint8Array, 5122: Int16Array, 5123: Uint16Array, 5125: Uint32Array, 5126: Float32Array };
const SCALES = { 5120: 127, 5121: 255, 5122: 32767, 5123: 65535 };
const WIDTHS = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 };

/**
 * @param {ArrayBuffer} buffer
 * @returns {{extras: object, meshes: object[], images: {bytes: Uint8Array, mime: string}[]}} each mesh with `name`,
 *   `position`, `normal`, `uv`, `colour`, `index`, `coarse` (fewer triangles), `map` and `normalMap` (places in `images`), and `targets`:
 *   `{name, vertices, positions, normals}`, the deltas of the vertices that move
 * @throws {Error} when the file is not binary glTF 2
 */
export function readGlb(buffer) {
    const view = new DataView(buffer);
    if (view.byteLength < 20 || view.getUint32(0, true) !== 0x46546c67 || view.getUint32(4, true) !== 2) {
        throw new Error("not a binary glTF 2 file");
    }
    const textLength = view.getUint32(12, true);
    const json = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 20, textLength)));
    const base = 20 + textLength + 8;

    const bytesOf = (index) => {
        const bufferView = json.bufferViews[index];
        return { at: base + (bufferView.byteOffset ?? 0), length: bufferView.byteLength, stride: bufferView.byteStride };
    };
    const values = (viewIndex, accessor, count) => {
        const { at, stride } = bytesOf(viewIndex);
        const array = ARRAYS[accessor.componentType];
        const width = WIDTHS[accessor.type];
        const step = (stride ?? width * array.BYTES_PER_ELEMENT) / array.BYTES_PER_ELEMENT;
        const raw = new array(buffer, at, (count - 1) * step + width);
        const scale = accessor.normalized ? 1 / SCALES[accessor.componentType] : 1;
        const out = new Float32Array(count * width);
        for (let i = 0; i < count; i++) for (let c = 0; c < width; c++) out[i * width + c] = raw[i * step + c] * scale;
        return out;
    };
    const dense = (index) => values(json.accessors[index].bufferView, json.accessors[index], json.accessors[index].count);
    const integers = (viewIndex, componentType, count) => new ARRAYS[componentType](buffer, bytesOf(viewIndex).at, count).slice();
    const triangles = (index) => {
        const { bufferView, componentType, count } = json.accessors[index];
        return integers(bufferView, componentType, count);
    };
    const imageOf = (texture) => {
        const { source, extensions } = json.textures[texture.index];
        return extensions?.EXT_texture_webp?.source ?? source;
    };

    const meshes = json.nodes.map((node) => {
        const mesh = json.meshes[node.mesh];
        const [primitive] = mesh.primitives;
        const material = json.materials[primitive.material];
        return {
            name: node.name,
            position: dense(primitive.attributes.POSITION),
            normal: dense(primitive.attributes.NORMAL),
            uv: dense(primitive.attributes.TEXCOORD_0),
            colour: dense(primitive.attributes.COLOR_0),
            along: primitive.attributes.TANGENT === undefined ? null : dense(primitive.attributes.TANGENT),
            index: triangles(primitive.indices),
            coarse: triangles(primitive.extras?.coarse ?? primitive.indices),
            map: imageOf(material.pbrMetallicRoughness.baseColorTexture),
            normalMap: material.normalTexture ? imageOf(material.normalTexture) : null,
            foldMap: material.extras?.folds ? imageOf(material.extras.folds) : null,
            targets: (primitive.targets ?? []).map((target, i) => {
                const moved = json.accessors[target.POSITION];
                const turned = json.accessors[target.NORMAL];
                const { count, indices: where } = moved.sparse;
                return {
                    name: mesh.extras.targetNames[i],
                    vertices: integers(where.bufferView, where.componentType, count),
                    positions: values(moved.sparse.values.bufferView, moved, count),
                    normals: values(turned.sparse.values.bufferView, turned, count),
                };
            }),
        };
    });
    const images = json.images.map((image) => {
        const { at, length } = bytesOf(image.bufferView);
        return { bytes: new Uint8Array(buffer, at, length), mime: image.mimeType };
    });
    return { extras: json.scenes[0].extras ?? {}, meshes, images };
}
