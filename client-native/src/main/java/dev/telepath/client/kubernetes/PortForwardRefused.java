package dev.telepath.client.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Serial;

/** The API server's answer to a port-forward that it does not make. */
final class PortForwardRefused extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST = 400;

    private final int status;

    /**
     * @param body a Kubernetes {@code Status}, or whatever stands in the way says
     */
    PortForwardRefused(int status, String body) {
        super(message(status, body));
        this.status = status;
    }

    int status() {
        return status;
    }

    private static String message(int status, String body) {
        String text = body;
        try {
            text = JSON.readTree(body).path("message").asText(body);
        } catch (JsonProcessingException notOurs) {
            text = body.lines().findFirst().orElse("");
        }
        String said = text.isBlank() ? "" : ": " + text.strip();
        String whole = "the API server refuses the port-forward with " + status + said;
        return whole.length() > MOST ? whole.substring(0, MOST) + "…" : whole;
    }
}
