package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * The certificate that cert-manager is to make, and its requests for it, whose conditions tell why there is none
 * (cert-manager.io/v1). Pure.
 *
 * @param requests all of the namespace; none where they may not be listed
 */
record Issuance(JsonNode certificate, List<JsonNode> requests) {
    private static final String FAILED = "Failed";

    /** Whether its Secret has it. */
    boolean done() {
        return condition(certificate, "Ready", "True").findAny().isPresent();
    }

    /** Why it does not come. Empty while it may; what is told may be of a moment when its issuer was being made. */
    Optional<Trouble> trouble() {
        if (done()) {
            return Optional.empty();
        }
        JsonNode latest = latest();
        return Stream.of(
                        condition(certificate, "Issuing", "False")
                                .filter(each -> each.path("reason").asText().equals(FAILED)),
                        condition(latest, "Denied", "True"),
                        condition(latest, "Ready", "False")
                                .filter(each -> each.path("reason").asText().equals(FAILED)
                                        || each.path("message").asText().contains("not found")))
                .flatMap(each -> each)
                .findFirst()
                .map(each -> new Trouble(
                        "cert-manager does not make the manager's certificate: "
                                + Trouble.line(each.path("message").asText()),
                        "check certificates.certmanager.issuerRef; kubectl describe certificate,certificaterequest says"
                                + " more",
                        ""));
    }

    /** What it is at, for people. */
    String progress() {
        String of = Stream.concat(condition(latest(), "Ready", "False"), condition(certificate, "Ready", "False"))
                .map(each -> Trouble.line(each.path("message").asText()))
                .findFirst()
                .orElse("it has not looked at it");
        return "cert-manager makes the manager's certificate: " + of;
    }

    private JsonNode latest() {
        String name = certificate.path("metadata").path("name").asText();
        return requests.stream()
                .filter(each -> annotation(each, "certificate-name").equals(name))
                .max(Comparator.comparing(
                        each -> each.path("metadata").path("creationTimestamp").asText()))
                .orElse(MissingNode.getInstance());
    }

    private static String annotation(JsonNode of, String name) {
        return of.path("metadata")
                .path("annotations")
                .path("cert-manager.io/" + name)
                .asText();
    }

    private static Stream<JsonNode> condition(JsonNode of, String type, String status) {
        return StreamSupport.stream(of.path("status").path("conditions").spliterator(), false)
                .filter(each -> each.path("type").asText().equals(type)
                        && each.path("status").asText().equals(status));
    }
}
