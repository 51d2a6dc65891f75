package dev.telepath.manager.kubernetes.injection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.fabric8.zjsonpatch.JsonDiff;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * An AdmissionReview (v1) in and out. Whatever comes in, what goes out allows the pod: an agent that is missing is a
 * nuisance, a workload that cannot start is an outage. Thread-safe.
 */
public final class Admission {
    /** Larger than any object that the API server stores. */
    public static final int MOST_BYTES = 4 * 1024 * 1024;

    private static final Logger LOG = Logger.getLogger(Admission.class);
    private static final int MOST_DEPTH = 100;
    private static final int MOST_WARNING = 250;

    private final ObjectMapper json;
    private final KubernetesSerialization objects;

    public Admission(KubernetesSerialization objects) {
        this.objects = objects;
        var factory = com.fasterxml.jackson.core.JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MOST_DEPTH)
                        .maxDocumentLength(MOST_BYTES)
                        .build())
                .build();
        this.json = JsonMapper.builder(factory).build();
    }

    /** Decides on a pod. */
    public interface Judge {
        /**
         * @param namespace of the pod
         */
        Verdict judge(Pod pod, String namespace);
    }

    /** What came is no AdmissionReview. */
    public static final class Malformed extends Exception {
        Malformed(String message) {
            super(message);
        }
    }

    /**
     * Answers one request.
     *
     * @throws Malformed when there is nothing that could be answered
     */
    public String review(String body, Judge judge) throws Malformed {
        JsonNode request;
        try {
            request = json.readTree(body).path("request");
        } catch (JsonProcessingException e) {
            throw new Malformed("no JSON: " + e.getOriginalMessage());
        }
        String uid = request.path("uid").asText();
        if (uid.isEmpty()) {
            throw new Malformed("request.uid is missing");
        }
        ObjectNode answer = json.createObjectNode();
        answer.put("apiVersion", "admission.k8s.io/v1");
        answer.put("kind", "AdmissionReview");
        ObjectNode response = answer.putObject("response");
        response.put("uid", uid);
        response.put("allowed", true);
        try {
            judge(request, judge, response);
        } catch (JsonProcessingException | RuntimeException e) {
            LOG.errorf(
                    e,
                    "pod not judged, let in as it is namespace=%s",
                    request.path("namespace").asText());
            response.remove(List.of("patch", "patchType"));
            warn(response, List.of("the manager failed at this pod, which gets no agent: " + e));
        }
        return answer.toString();
    }

    private void judge(JsonNode request, Judge judge, ObjectNode response) throws JsonProcessingException {
        boolean created = request.path("operation").asText().equals("CREATE")
                && request.path("resource").path("resource").asText().equals("pods");
        JsonNode object = request.path("object");
        if (!created || !object.isObject()) {
            return;
        }
        Pod pod = objects.unmarshal(object.toString(), Pod.class);
        if (pod.getMetadata() == null
                || pod.getSpec() == null
                || pod.getSpec().getContainers() == null
                || pod.getSpec().getContainers().isEmpty()) {
            return;
        }
        String before = objects.asJson(pod);
        switch (judge.judge(pod, request.path("namespace").asText())) {
            case Verdict.Leave leave -> LOG.debugf("pod left as it is cause=\"%s\"", leave.why());
            case Verdict.Inject inject -> {
                JsonNode patch = JsonDiff.asJson(json.readTree(before), json.readTree(objects.asJson(inject.pod())));
                response.put("patchType", "JSONPatch");
                response.put(
                        "patch",
                        Base64.getEncoder().encodeToString(patch.toString().getBytes(StandardCharsets.UTF_8)));
                warn(response, inject.warnings());
            }
        }
    }

    private static void warn(ObjectNode response, List<String> warnings) {
        if (!warnings.isEmpty()) {
            var list = response.putArray("warnings");
            warnings.forEach(one -> {
                String text = "telepath: " + one.replaceAll("\\s+", " ");
                list.add(text.length() > MOST_WARNING ? text.substring(0, MOST_WARNING) : text);
            });
        }
    }
}
