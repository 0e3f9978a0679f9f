/* Reads values, one a line, with the JsonConverter of Kafka Connect (schemas.enable = true) and prints what came of each: the name of its schema, and the struct as JSON without a schema, made from the
 * converted fields - not from the text -, moments as milliseconds. A value that the converter refuses ends the program. */
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Field;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.json.JsonConverter;

public class Convert {
	private static void put(ObjectNode out, String name, Object value) {
		if (value == null) {
			out.putNull(name);
		} else if (value instanceof Date) {
			out.put(name, ((Date) value).getTime());
		} else if (value instanceof Long) {
			out.put(name, (Long) value);
		} else if (value instanceof Double) {
			out.put(name, (Double) value);
		} else if (value instanceof Boolean) {
			out.put(name, (Boolean) value);
		} else if (value instanceof List) {
			ArrayNode list = out.putArray(name);
			for (Object item : (List<?>) value) {
				list.add((String) item);
			}
		} else {
			out.put(name, (String) value);
		}
	}

	public static void main(String[] arguments) throws Exception {
		JsonConverter converter = new JsonConverter();
		ObjectMapper mapper = new ObjectMapper();
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		PrintStream out = new PrintStream(System.out, false, "UTF-8");
		converter.configure(Map.of("schemas.enable", "true"), false);
		for (String line; (line = in.readLine()) != null; ) {
			SchemaAndValue read = converter.toConnectData("articles.enriched", line.getBytes(StandardCharsets.UTF_8));
			if (read.schema().type() != Schema.Type.STRUCT) {
				throw new IllegalStateException("no struct: " + read.schema());
			}
			Struct struct = (Struct) read.value();
			struct.validate();
			ObjectNode row = mapper.createObjectNode();
			for (Field field : read.schema().fields()) {
				put(row, field.name(), struct.get(field));
			}
			out.println(read.schema().name() + "\t" + mapper.writeValueAsString(row));
		}
		out.flush();
	}
}
