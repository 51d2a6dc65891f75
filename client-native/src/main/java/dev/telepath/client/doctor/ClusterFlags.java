package dev.telepath.client.doctor;

import dev.telepath.client.kubernetes.KubeOptions;

/**
 * What the command line says of the way through Kubernetes.
 *
 * @param given whether it says anything
 * @param options with what holds where it does not
 */
public record ClusterFlags(boolean given, KubeOptions options) {}
