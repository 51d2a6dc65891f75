package dev.telepath.manager.kubernetes.injection;

/**
 * The workload that a pod is of.
 *
 * @param kind as Kubernetes writes it, e.g. {@code Deployment}
 */
public record Target(String namespace, String kind, String name) {}
