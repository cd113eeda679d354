import CKernels

extension Tensor {
    /// The same values under another shape of the same count; no copy.
    public func reshaped(_ newShape: [Int]) -> Tensor {
        precondition(elementCount(of: newShape) == count, "shape \(shape) read as \(newShape)")
        let old = shape
        return Tensor(storage: storage, shape: newShape).recorded(from: self) { { dy in [dy.reshaped(old)] } }
    }

    /// The axes in another order: axis i of the result is axis `axes[i]` of this tensor. Copies.
    public func permuted(_ axes: Int...) -> Tensor { permuted(axes) }

    public func permuted(_ axes: [Int]) -> Tensor {
        precondition(axes.sorted() == Array(0..<rank) && rank <= 8, "axes \(axes) of a tensor of shape \(shape)")
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) { strides[axis] = strides[axis + 1] * shape[axis + 1] }
        let newShape = axes.map { shape[$0] }
        let newStrides = axes.map { strides[$0] }
        var inverse = [Int](repeating: 0, count: rank)
        for (i, axis) in axes.enumerated() { inverse[axis] = i }
        let moved = Tensor(uninitialized: newShape) { buffer in
            guard let out = buffer.baseAddress, buffer.count > 0 else { return }
            let outer = newShape.first ?? 1
            let inner = buffer.count / outer
            if rank > 1 && buffer.count > pieceSize && outer > 1 {
                parallelFor(outer) { index in
                    ck_gather_strided(
                        out + index * inner, base + index * newStrides[0], rank - 1, newShape[1...].map { $0 },
                        newStrides[1...].map { $0 })
                }
            } else {
                ck_gather_strided(out, base, rank, newShape, newStrides)
            }
        }
        return moved.recorded(from: self) { { dy in [dy.permuted(inverse)] } }
    }

    /// The entries `range` of an axis. Copies.
    public func sliced(axis: Int, _ range: Range<Int>) -> Tensor {
        precondition(
            axis < rank && range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "entries \(range) of axis \(axis) of shape \(shape)")
        let outer = shape[..<axis].reduce(1, *)
        let inner = shape[(axis + 1)...].reduce(1, *)
        let (extent, length) = (shape[axis] * inner, range.count * inner)
        var newShape = shape
        newShape[axis] = range.count
        let offset = range.lowerBound * inner
        let part = Tensor(uninitialized: newShape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(outer, width: length) { start, rows in
                for row in start..<start + rows {
                    (out + row * length).update(from: base + row * extent + offset, count: length)
                }
            }
        }
        let whole = shape
        return part.recorded(from: self) {
            { dy in
                [
                    Tensor(uninitialized: whole) { buffer in
                        guard let out = buffer.baseAddress else { return }
                        inRows(outer, width: extent) { start, rows in
                            for row in start..<start + rows {
                                let to = out + row * extent
                                to.update(repeating: 0, count: offset)
                                (to + offset).update(from: dy.base + row * length, count: length)
                                (to + offset + length).update(repeating: 0, count: extent - offset - length)
                            }
                        }
                    }
                ]
            }
        }
    }

    /// The tensors one after the other along an axis; the other axes must agree.
    public static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
        precondition(!parts.isEmpty, "nothing to concatenate")
        let first = parts[0].shape
        for part in parts {
            precondition(
                part.rank == first.count && part.shape[..<axis] == first[..<axis]
                    && part.shape[(axis + 1)...] == first[(axis + 1)...],
                "shapes \(parts.map(\.shape)) do not join along axis \(axis)")
        }
        let outer = first[..<axis].reduce(1, *)
        let lengths = parts.map { $0.shape[axis...].reduce(1, *) }
        let total = lengths.reduce(0, +)
        var newShape = first
        newShape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let joined = Tensor(uninitialized: newShape) { buffer in
            guard let out = buffer.baseAddress else { return }
            inRows(outer, width: total) { start, rows in
                for row in start..<start + rows {
                    var to = out + row * total
                    for (part, length) in zip(parts, lengths) {
                        to.update(from: part.base + row * length, count: length)
                        to += length
                    }
                }
            }
        }
        guard parts.contains(where: \.isRecorded) else { return joined }
        let extents = parts.map { $0.shape[axis] }
        let wanted = parts.map(\.isRecorded)
        return Tensor(
            storage: joined.storage, shape: newShape,
            node: GradientNode(parents: parts.map(\.node)) { dy in
                var start = 0
                return zip(extents, wanted).map { extent, wanted in
                    defer { start += extent }
                    return wanted ? dy.sliced(axis: axis, start..<start + extent) : nil
                }
            })
    }

    /// This tensor repeated `times` times along a new leading axis.
    public func repeated(_ times: Int) -> Tensor {
        let size = count
        let copies = Tensor(uninitialized: [times] + shape) { buffer in
            guard let out = buffer.baseAddress else { return }
            for index in 0..<times { (out + index * size).update(from: base, count: size) }
        }
        let single = shape
        return copies.recorded(from: self) { { dy in [dy.summedOverLeading(shape: single)] } }
    }
}
