package dev.telepath.manager.kubernetes.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.zjsonpatch.JsonPatch;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Admission admission = new Admission(Pods.OBJECTS);
    private final Injector injector = new Injector(Pods.settings());

    private Verdict judge(Pod pod, String namespace) {
        return injector.decide(pod, Pods.WEB, Pods.services(), "", false, Optional.empty());
    }

    private static String review(String operation, String object) {
        return "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u-1\","
                + "\"operation\":\"" + operation + "\",\"namespace\":\"shop\",\"resource\":{\"version\":\"v1\","
                + "\"resource\":\"pods\"},\"object\":" + object + "}}";
    }

    @Test
    void thePatchMakesOfThePodWhatTheInjectorMade() throws Exception {
        Pod pod = Pods.web();
        String text = Pods.OBJECTS.asJson(pod);
        JsonNode response = JSON.readTree(admission.review(review("CREATE", text), this::judge))
                .path("response");
        assertThat(response.path("uid").asText()).isEqualTo("u-1");
        assertThat(response.path("allowed").asBoolean()).isTrue();
        assertThat(response.path("patchType").asText()).isEqualTo("JSONPatch");
        JsonNode patch =
                JSON.readTree(Base64.getDecoder().decode(response.path("patch").asText()));
        JsonNode patched = JsonPatch.apply(patch, JSON.readTree(text));
        var made = (Verdict.Inject) judge(pod, "shop");
        assertThat(patched).isEqualTo(JSON.readTree(Pods.OBJECTS.asJson(made.pod())));
        assertThat(response.path("warnings").get(0).asText()).startsWith("telepath: ");
    }

    @Test
    void fieldsThatTheManagerDoesNotKnowStay() throws Exception {
        String text =
                Pods.OBJECTS.asJson(Pods.web()).replaceFirst("\"spec\":\\{", "\"spec\":{\"ofTheFuture\":{\"a\":[1]},");
        JsonNode response = JSON.readTree(admission.review(review("CREATE", text), this::judge))
                .path("response");
        JsonNode patch =
                JSON.readTree(Base64.getDecoder().decode(response.path("patch").asText()));
        JsonNode patched = JsonPatch.apply(patch, JSON.readTree(text));
        assertThat(patched.at("/spec/ofTheFuture/a/0").asInt()).isEqualTo(1);
    }

    @Test
    void anInnerErrorLetsThePodInAndWarns() throws Exception {
        String answer = admission.review(review("CREATE", Pods.OBJECTS.asJson(Pods.web())), (pod, namespace) -> {
            throw new IllegalStateException("broken");
        });
        JsonNode response = JSON.readTree(answer).path("response");
        assertThat(response.path("allowed").asBoolean()).isTrue();
        assertThat(response.has("patch")).isFalse();
        assertThat(response.path("warnings").get(0).asText()).contains("broken");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "[]", "{}", "{\"spec\":{}}", "{\"spec\":{\"containers\":7}}", "{\"metadata\":[]}"})
    void aStrangeObjectIsLetIn(String object) throws Exception {
        JsonNode response = JSON.readTree(admission.review(review("CREATE", object), this::judge))
                .path("response");
        assertThat(response.path("allowed").asBoolean()).isTrue();
        assertThat(response.has("patch")).isFalse();
    }

    @Test
    void otherOperationsAreLetThrough() throws Exception {
        String answer = admission.review(review("UPDATE", Pods.OBJECTS.asJson(Pods.web())), this::judge);
        assertThat(JSON.readTree(answer).path("response").has("patch")).isFalse();
    }

    @Test
    void whatIsNoReviewIsRefused() {
        for (String body : List.of("", "{}", "nonsense", "{\"request\":{}}", "[".repeat(1000))) {
            assertThatThrownBy(() -> admission.review(body, this::judge)).isInstanceOf(Admission.Malformed.class);
        }
    }
}
