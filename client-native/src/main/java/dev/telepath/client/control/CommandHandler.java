package dev.telepath.client.control;

import com.fasterxml.jackson.databind.JsonNode;

/** Answers requests. Called on a virtual thread per request and may block. */
public interface CommandHandler {
    /**
     * @param args an object; missing fields are defaults
     * @return the result
     * @throws dev.telepath.client.failure.Failure sent as the error
     */
    JsonNode handle(String command, JsonNode args, Caller caller);
}
