package dev.telepath.it.kubernetes;

import java.util.Optional;

/**
 * The manager of this checkout as an image on the cluster's nodes. {@code TELEPATH_IT_MANAGER_IMAGE} names one that is
 * there already; else it is made where {@link ProductImages} can.
 */
final class ManagerImage {
    private ManagerImage() {}

    /** Its name; empty when there is no way to have one. */
    static Optional<String> name() {
        String named = System.getenv().getOrDefault("TELEPATH_IT_MANAGER_IMAGE", "");
        if (!named.isEmpty()) {
            return Optional.of(named);
        }
        if (!ProductImages.possible()) {
            return Optional.empty();
        }
        var images = new ProductImages("telepath-it");
        images.load("manager");
        return Optional.of(images.name("manager"));
    }
}
