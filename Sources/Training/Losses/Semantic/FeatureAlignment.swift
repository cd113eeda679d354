import Tensors

/// The loss that keeps a tokenizer's features near a teacher's: minus the mean cosine over images and places (GigaTok,
/// 2504.08736, section 3.1; reference section 8).
public func featureAlignmentLoss(_ features: Tensor, teacher: Tensor) -> Tensor {
    let width = features.shape.last ?? 1
    precondition(features.shape == teacher.shape, "features of shape \(features.shape) and a teacher's of \(teacher.shape)")
    let cosines = (features.unitRows() * teacher.detached.unitRows()).sum()
    return cosines * (-Float(width) / Float(max(1, features.count)))
}
