package dev.telepath.client.kubernetes.install;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.telepath.client.failure.Failure;
import dev.telepath.client.failure.Kind;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.net.HttpURLConnection;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Requests to the API server and its answers, as JSON. Blocks, each for at most {@link #MOST_SECONDS}. */
final class Requests {
    static final String JSON_MERGE = "application/merge-patch+json";
    static final String JSON = "application/json";
    private static final String APPLY = "application/apply-patch+yaml";
    private static final int MOST_SECONDS = 30;
    private static final int MOST_TEXT = 600;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient http;
    private final String server;

    Requests(KubernetesClient client) {
        this.http = client.getHttpClient();
        this.server = client.getConfiguration().getMasterUrl().replaceAll("/+$", "");
    }

    /**
     * An answer, whatever its code.
     *
     * @param text as it came; bounded by the API server's own limit of an object or the question's
     */
    record Answer(int code, String text) {
        boolean done() {
            return code / 100 == 2;
        }

        boolean absent() {
            return code == HttpURLConnection.HTTP_NOT_FOUND;
        }

        boolean forbidden() {
            return code == HttpURLConnection.HTTP_FORBIDDEN;
        }

        /** Missing where it is no JSON. */
        JsonNode json() {
            try {
                return MAPPER.readTree(text);
            } catch (JsonProcessingException e) {
                return MissingNode.getInstance();
            }
        }

        /** What the API server says of its refusal, in a line. */
        String message() {
            String said = json().path("message").asText("");
            // The lines after the first name the rights that are missing, or the fields that are wrong.
            String whole = said.isEmpty() ? text : said;
            String line =
                    String.join(" ", whole.strip().lines().map(String::strip).toList());
            return line.length() > MOST_TEXT ? line.substring(0, MOST_TEXT) + "…" : line;
        }
    }

    Answer get(String path) {
        return send("GET", path, null, "");
    }

    Answer delete(String path) {
        return send("DELETE", path, JSON, "{\"propagationPolicy\":\"Foreground\"}");
    }

    Answer create(String path, JsonNode object) {
        return send("POST", path, JSON, object.toString());
    }

    Answer merge(String path, JsonNode patch) {
        return send("PATCH", path, JSON_MERGE, patch.toString());
    }

    /** Server-side apply as field manager telepath, which takes over what others had set of the same fields. */
    Answer apply(String path, JsonNode object) {
        return send("PATCH", path + "?fieldManager=telepath&force=true", APPLY, object.toString());
    }

    private Answer send(String method, String path, @Nullable String type, String body) {
        var request = http.newHttpRequestBuilder().uri(server + path).timeout(MOST_SECONDS, TimeUnit.SECONDS);
        if (type != null) {
            request.method(method, type, body);
        }
        var pending = http.sendAsync(request.build(), String.class);
        try {
            HttpResponse<String> answer = pending.get(MOST_SECONDS + 5L, TimeUnit.SECONDS);
            String text = answer.body();
            if (answer.code() == HttpURLConnection.HTTP_UNAUTHORIZED) {
                throw new Failure(
                        Kind.DENIED,
                        "the API server does not accept the kubeconfig's credentials: "
                                + new Answer(answer.code(), text == null ? "" : text).message(),
                        "log in to the cluster again; does kubectl get pods work?");
            }
            return new Answer(answer.code(), text == null ? "" : text);
        } catch (ExecutionException | TimeoutException e) {
            pending.cancel(true);
            Throwable cause = e.getCause() == null ? e : e.getCause();
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            throw new Failure(
                    Kind.UNREACHABLE,
                    "the API server does not answer: " + (cause.getMessage() == null ? cause : cause.getMessage()),
                    "check the network, and the server of the kubeconfig's cluster",
                    e);
        } catch (InterruptedException e) {
            pending.cancel(true);
            Thread.currentThread().interrupt();
            throw new Failure(Kind.INTERRUPTED, "interrupted", "", e);
        }
    }
}
