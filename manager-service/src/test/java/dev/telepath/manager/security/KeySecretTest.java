package dev.telepath.manager.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.Deque;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against an API server that holds one Secret, with the versions of the real one. */
class KeySecretTest {
    private static final String PATH = "/api/v1/namespaces/telepath/secrets/keys";

    @TempDir
    Path work;

    private HttpServer api;
    private KubernetesClient client;
    private KeySecret keys;
    private JsonObject data = new JsonObject();
    private boolean absent;
    private int version = 1;
    /** What others write, each just before one of ours would be. */
    private final Deque<JsonObject> others = new ArrayDeque<>();

    @BeforeEach
    void start() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/", this::answer);
        api.start();
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder()
                        .withAutoConfigure(false)
                        .withMasterUrl("http://127.0.0.1:" + api.getAddress().getPort())
                        .build())
                .build();
        keys = new KeySecret(client, "telepath", "keys");
    }

    @AfterEach
    void stop() {
        client.close();
        api.stop(0);
    }

    private synchronized void answer(HttpExchange call) throws IOException {
        String body = new String(call.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        int code = 200;
        if (absent || !call.getRequestURI().getPath().equals(PATH)) {
            code = 404;
        } else if (call.getRequestMethod().equals("PUT")) {
            if (!others.isEmpty()) {
                data = others.remove();
                version++;
            }
            var asked = new JsonObject(body);
            if (!String.valueOf(version).equals(asked.getJsonObject("metadata").getString("resourceVersion"))) {
                code = 409;
            } else {
                data = asked.getJsonObject("data");
                version++;
            }
        }
        var answer = code == 200
                ? new JsonObject()
                        .put("apiVersion", "v1")
                        .put("kind", "Secret")
                        .put(
                                "metadata",
                                new JsonObject()
                                        .put("name", "keys")
                                        .put("namespace", "telepath")
                                        .put("resourceVersion", String.valueOf(version)))
                        .put("data", data)
                : new JsonObject().put("apiVersion", "v1").put("kind", "Status").put("code", code);
        byte[] bytes = answer.toBuffer().getBytes();
        call.getResponseHeaders().add("content-type", "application/json");
        call.sendResponseHeaders(code, bytes.length);
        call.getResponseBody().write(bytes);
        call.close();
    }

    private String kept(String file) {
        return new String(Base64.getDecoder().decode(data.getString(file)), StandardCharsets.UTF_8);
    }

    private void share(String pod) throws IOException {
        keys.share(work.resolve(pod), Optional.empty());
    }

    private String local(String pod, String file) throws IOException {
        return Files.readString(work.resolve(pod).resolve(file));
    }

    @Test
    void theFirstPodFillsTheSecretAndTheNextTakesWhatItHolds() throws IOException {
        share("first");
        assertThat(data.fieldNames()).containsExactlyInAnyOrder("ca.crt", "ca.key", "signing.key");
        share("second");
        for (String file : data.fieldNames()) {
            assertThat(local("second", file)).isEqualTo(local("first", file)).isEqualTo(kept(file));
        }
        assertThat(version).isEqualTo(2);
    }

    @Test
    void whoIsSecondInARaceTakesTheWinnersKeys() throws IOException {
        share("winner");
        JsonObject won = data;
        data = new JsonObject();
        others.add(won);
        share("loser");
        assertThat(local("loser", "ca.crt")).isEqualTo(local("winner", "ca.crt"));
        assertThat(local("loser", "signing.key")).isEqualTo(local("winner", "signing.key"));
        // Its first server certificate was of a CA that came to nothing.
        Path server = work.resolve("loser");
        Installation.open(server, java.time.InstantSource.system());
        assertThat(local("loser", "server.crt")).contains(local("winner", "ca.crt"));
    }

    @Test
    void aSecretThatWasEmptiedIsFilledWithTheSameKeys() throws IOException {
        share("pod");
        String ca = kept("ca.crt");
        data = new JsonObject();
        share("pod");
        assertThat(kept("ca.crt")).isEqualTo(ca);
    }

    @Test
    void aSigningKeyThatWasRemovedIsMadeAnewUnderTheSameCa() throws IOException {
        share("pod");
        String ca = kept("ca.crt");
        String signing = kept("signing.key");
        data.remove("signing.key");
        share("another");
        assertThat(kept("ca.crt")).isEqualTo(ca);
        assertThat(kept("signing.key")).isNotEqualTo(signing);
    }

    @Test
    void keysOfOthersInTheSecretStay() throws IOException {
        data.put("note", Base64.getEncoder().encodeToString("kept".getBytes(StandardCharsets.UTF_8)));
        share("pod");
        assertThat(kept("note")).isEqualTo("kept");
    }

    @Test
    void halfACaIsNotReplaced() throws IOException {
        share("pod");
        data.remove("ca.key");
        assertThatThrownBy(() -> share("another")).hasMessageContaining("put the other back");
    }

    @Test
    void anAbsentSecretIsNamed() {
        absent = true;
        assertThatThrownBy(() -> share("pod")).hasMessageContaining("no Secret keys in namespace telepath");
    }

    @Test
    void aSecretThatIsWrittenAllTheTimeIsGivenUp() {
        for (int i = 0; i < 10; i++) {
            others.add(new JsonObject());
        }
        assertThatThrownBy(() -> share("pod")).hasMessageContaining("a second installation");
    }
}
