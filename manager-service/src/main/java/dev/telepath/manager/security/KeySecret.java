package dev.telepath.manager.security;

import dev.telepath.manager.settings.ManagerSettings;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Shares CA and signing key through a Secret of the manager's namespace, so that every pod of it has the same ones. The
 * first manager that finds the Secret empty fills it; a pod needs no volume that outlives it. Server certificates are not
 * shared: each pod issues its own.
 *
 * <p>Used before the server starts; blocking.
 */
public final class KeySecret {
    private static final List<String> FILES = List.of(Installation.CA, Installation.CA_KEY, Installation.SIGNING_KEY);
    /** Who loses one race takes what the winner wrote; more losses mean that somebody else rewrites the Secret. */
    private static final int TRIES = 5;

    private final KubernetesClient client;
    private final String namespace;
    private final String name;

    KeySecret(KubernetesClient client, String namespace, String name) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
    }

    /** The API server does not answer, or refuses: nothing that a flag would mend. */
    public static final class Unavailable extends IOException {
        private static final long serialVersionUID = 1L;

        Unavailable(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /**
     * Where the settings name a Secret, makes the data directory hold what it holds, and the other way round; then tells
     * clients the CA by the ConfigMap, if the settings name one.
     *
     * @throws Unavailable when the API server does not answer or refuses
     * @throws IOException with a message for the user when the Secret is absent or damaged
     */
    public static void share(ManagerSettings settings) throws IOException {
        Optional<String> secret = settings.kubernetes().keysSecret();
        Optional<String> map = settings.kubernetes().clientConfigMap();
        if (secret.isEmpty() && map.isEmpty()) {
            return;
        }
        Path directory = Path.of(settings.dataDir());
        String namespace = ServerNames.namespace(settings);
        Optional<Path> supplied = settings.certificateDir().map(Path::of);
        String what = secret.map(one -> "Secret " + one + " ").orElse("")
                + map.map(one -> "ConfigMap " + one + " ").orElse("");
        try (KubernetesClient client = new KubernetesClientBuilder().build()) {
            if (secret.isPresent()) {
                new KeySecret(client, namespace, secret.get()).share(directory, supplied);
            }
            if (map.isPresent()) {
                Installation.open(settings, InstantSource.system());
                tell(client, namespace, map.get(), Installation.caPem(directory));
            }
        } catch (KubernetesClientException e) {
            throw new Unavailable(
                    "cannot read and write " + what + "of namespace " + namespace + ": " + e.getMessage()
                            + "; check the service account and its rights",
                    e);
        }
    }

    /**
     * @param supplied where the certificate comes from if not from the own CA; then the signing key alone is shared
     */
    void share(Path directory, Optional<Path> supplied) throws IOException {
        Installation.makeDirectory(directory);
        List<String> files = supplied.isPresent() ? List.of(Installation.SIGNING_KEY) : FILES;
        for (int i = 0; i < TRIES; i++) {
            Secret secret =
                    client.secrets().inNamespace(namespace).withName(name).get();
            if (secret == null) {
                throw new IOException("there is no Secret " + name + " in namespace " + namespace
                        + "; install the chart again, or make an empty one");
            }
            Map<String, String> kept = read(secret);
            take(directory, files, kept);
            Installation.open(directory, InstantSource.system(), List.of(), supplied);
            Map<String, String> whole = new HashMap<>();
            for (String file : files) {
                whole.put(file, Files.readString(directory.resolve(file)));
            }
            if (kept.entrySet().containsAll(whole.entrySet()) || filled(secret, whole)) {
                return;
            }
        }
        throw new IOException("Secret " + name + " of namespace " + namespace
                + " is written by somebody else all the time; look for a second installation there");
    }

    private static Map<String, String> read(Secret secret) throws IOException {
        Map<String, String> kept = new HashMap<>();
        Map<String, String> data = secret.getData() == null ? Map.of() : secret.getData();
        for (var one : data.entrySet()) {
            try {
                kept.put(one.getKey(), new String(Base64.getDecoder().decode(one.getValue()), StandardCharsets.UTF_8));
            } catch (IllegalArgumentException e) {
                throw new IOException("key " + one.getKey() + " of the Secret is no base64", e);
            }
        }
        return kept;
    }

    private void take(Path directory, List<String> files, Map<String, String> kept) throws IOException {
        if (files.contains(Installation.CA)
                && kept.containsKey(Installation.CA) != kept.containsKey(Installation.CA_KEY)) {
            throw new IOException("Secret " + name + " of namespace " + namespace + " has one of " + Installation.CA
                    + " and " + Installation.CA_KEY + "; put the other back, or remove both to have a new CA made");
        }
        // What the Secret lacks stays as it is here: a Secret that was emptied is filled again, with the same keys.
        for (String file : files) {
            String text = kept.get(file);
            if (text != null) {
                Installation.write(directory.resolve(file), text);
            }
        }
    }

    /** Whether it was written; false where somebody else was first. */
    private boolean filled(Secret found, Map<String, String> files) {
        var changed = new SecretBuilder(found);
        files.forEach((file, text) ->
                changed.addToData(file, Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8))));
        try {
            // With the version that was read: a Secret that was changed since is not written over.
            client.resource(changed.build()).update();
            return true;
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return false;
            }
            throw e;
        }
    }

    private static void tell(KubernetesClient client, String namespace, String name, String ca) {
        var map = client.configMaps().inNamespace(namespace).withName(name);
        var found = map.get();
        if (found != null
                && found.getData() != null
                && ca.equals(found.getData().get(Installation.CA))) {
            return;
        }
        map.patch(
                PatchContext.of(PatchType.JSON_MERGE),
                new JsonObject()
                        .put("data", new JsonObject().put(Installation.CA, ca))
                        .encode());
    }
}
