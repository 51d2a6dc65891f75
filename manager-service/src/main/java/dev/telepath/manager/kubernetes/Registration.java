package dev.telepath.manager.kubernetes;

import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.net.HttpURLConnection;
import java.util.concurrent.Executor;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Keeps the manager's CA in its MutatingWebhookConfiguration, so that the API server trusts the webhook. */
final class Registration implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(Registration.class);

    private final KubernetesClient client;
    private final String name;
    private final String bundle;
    private final Executor blocking;
    private @Nullable SharedIndexInformer<MutatingWebhookConfiguration> informer;
    private volatile boolean registered;

    /**
     * @param bundle the CA's certificate as PEM, base64
     */
    Registration(KubernetesClient client, String name, String bundle, Executor blocking) {
        this.client = client;
        this.name = name;
        this.bundle = bundle;
        this.blocking = blocking;
    }

    void start() {
        informer = client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(name)
                .runnableInformer(0)
                .addEventHandler(new ResourceEventHandler<>() {
                    @Override
                    public void onAdd(MutatingWebhookConfiguration object) {
                        blocking.execute(() -> write(object));
                    }

                    @Override
                    public void onUpdate(MutatingWebhookConfiguration before, MutatingWebhookConfiguration object) {
                        blocking.execute(() -> write(object));
                    }

                    @Override
                    public void onDelete(MutatingWebhookConfiguration object, boolean unknown) {
                        registered = false;
                        LOG.warnf("webhook configuration is gone name=%s; no agent is injected without it", name);
                    }
                })
                .exceptionHandler((listed, failure) -> true);
        var _ = informer.start();
    }

    private void write(MutatingWebhookConfiguration found) {
        boolean right = found.getWebhooks().stream()
                .allMatch(hook -> bundle.equals(hook.getClientConfig().getCaBundle()));
        if (right) {
            registered = true;
            return;
        }
        var changed = new MutatingWebhookConfigurationBuilder(found).build();
        for (MutatingWebhook hook : changed.getWebhooks()) {
            hook.getClientConfig().setCaBundle(bundle);
        }
        try {
            client.admissionRegistration()
                    .v1()
                    .mutatingWebhookConfigurations()
                    .withName(name)
                    .patch(PatchContext.of(PatchType.JSON), changed);
            registered = true;
            LOG.infof("webhook configuration given this manager's CA name=%s", name);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                // Somebody was first; the informer tells what came of it.
                return;
            }
            LOG.warnf("webhook configuration not written name=%s cause=\"%s\"", name, e.getMessage());
        }
    }

    /** Why the API server may not call the webhook, for people. */
    String state() {
        return registered
                ? "the API server did not call the webhook; look at its log, and whether its host reaches the manager's"
                        + " Service (MutatingWebhookConfiguration " + name + ", namespaceSelector, objectSelector)"
                : "there is no MutatingWebhookConfiguration " + name
                        + " with this manager's CA; install the chart again, or set telepath.manager.kubernetes.webhook";
    }

    @Override
    public void close() {
        if (informer != null) {
            informer.stop();
        }
    }
}
